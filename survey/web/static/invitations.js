// Codes leave once: a second press while the file is being made would throw the first file away.
"use strict";
(function () {
  Array.from(document.querySelectorAll("form[data-once]")).forEach(function (form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      var said = document.createElement("p");
      said.className = "notice";
      said.setAttribute("role", "status");
      form.appendChild(said);
      said.textContent = form.dataset.once;
      setTimeout(function () { delete form.dataset.sent; said.remove(); }, 20000);
    });
  });
}());

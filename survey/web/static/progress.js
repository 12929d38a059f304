// Shows how far background work is, without the page being loaded again by hand.
"use strict";
(function () {
  var box = document.getElementById("progress");
  if (!box) { return; }
  function look() {
    fetch(location.href, { credentials: "same-origin", redirect: "manual" })
      .then(function (answer) { if (!answer.ok) { throw new Error("no answer"); } return answer.text(); })
      .then(function (text) {
        var next = new DOMParser().parseFromString(text, "text/html").getElementById("progress");
        if (!next) { return; }
        if (next.dataset.state !== "queued" && next.dataset.state !== "running") { location.reload(); return; }
        box.replaceChildren.apply(box, Array.from(next.childNodes));
        setTimeout(look, 2000);
      })
      .catch(function () { setTimeout(look, 5000); });
  }
  setTimeout(look, 1500);
}());

// Makes the charts interactive once the page reads well without it: Plotly's basic bundle is fetched
// when the page has loaded, and each drawing is replaced by its figure when it is near the screen.
// Whatever fails, the drawing stays. Choosing waves or neighbours fetches the same page that the
// form would, and puts its parts in place.

const quiet = {
  displayModeBar: false, displaylogo: false, doubleClick: false, scrollZoom: false,
  showTips: false, responsive: false,
};
const figures = new Map(); // address → promise of {chart id: figure}
let library = null;

function results() { return document.querySelector('[data-part="results"]'); }

function plotly() {
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = results().dataset.plotly;
    script.onload = () => done(window.Plotly);
    script.onerror = failed;
    document.head.append(script);
  });
  return library;
}

function specs(width) {
  const address = new URL(results().dataset.figures, location.href);
  address.searchParams.set("bredde", width);
  if (!figures.has(address.href)) {
    figures.set(address.href, fetch(address, { credentials: "same-origin" }).then((answer) => {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.json();
    }));
  }
  return figures.get(address.href);
}

async function enliven(figure) {
  const drawings = [...figure.querySelectorAll(".chart__drawing:not(.chart__drawing--live)")];
  const seen = drawings.find((each) => each.offsetWidth > 0) ?? drawings[0];
  const width = Math.floor(seen.offsetWidth || figure.offsetWidth);
  if (!width || figure.dataset.width === String(width)) { return; }
  const [engine, known] = await Promise.all([plotly(), specs(width)]);
  const spec = known[figure.dataset.chart];
  if (!spec || !figure.isConnected) { return; }
  const box = document.createElement("div");
  box.className = "chart__drawing chart__drawing--live";
  // One picture with the drawing's own text; the numbers are in the table under it.
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", seen.querySelector("svg").getAttribute("aria-label"));
  const inner = box.appendChild(document.createElement("div"));
  drawings[0].before(box);
  try {
    await engine.newPlot(inner, spec.data, spec.layout, quiet);
  } catch (error) {
    box.remove();
    throw error;
  }
  figure.dataset.width = String(width);
  figure.classList.add("chart--live");
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((each) => each.isIntersecting)) {
    near.unobserve(entry.target);
    enliven(entry.target).catch(() => {});
  }
}, { rootMargin: "400px" });

function watch() {
  document.querySelectorAll("figure[data-chart]").forEach((figure) => near.observe(figure));
}

// A turned phone or another window size: draw anew, from the drawings' own width. A phone's bars
// that come and go change the height alone.
let settled = 0;
let wide = window.innerWidth;
window.addEventListener("resize", () => {
  clearTimeout(settled);
  settled = setTimeout(() => {
    if (window.innerWidth === wide) { return; }
    wide = window.innerWidth;
    document.querySelectorAll("figure.chart--live").forEach((figure) => {
      figure.classList.remove("chart--live");
      delete figure.dataset.width;
      figure.querySelectorAll(".chart__drawing--live").forEach((each) => {
        window.Plotly.purge(each.firstChild);
        each.remove();
      });
      near.observe(figure);
    });
  }, 250);
});

async function show(form) {
  const address = new URL(form.action || location.href);
  address.search = new URLSearchParams(new FormData(form)).toString();
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) { throw new Error(String(answer.status)); }
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelectorAll("[data-part]").forEach((part) => {
    const other = next.querySelector(`[data-part="${part.dataset.part}"]`);
    if (other) { part.replaceWith(document.adoptNode(other)); }
  });
  history.replaceState(null, "", address);
  form.querySelector("[data-told]").textContent = form.dataset.done;
  watch();
}

document.querySelectorAll("form[data-choose]").forEach((form) => {
  const again = () => show(form).catch(() => form.submit());
  form.addEventListener("change", again);
  form.addEventListener("submit", (event) => { event.preventDefault(); again(); });
});

const start = () => (window.requestIdleCallback ?? setTimeout)(watch);
if (results()?.dataset.plotly && !navigator.connection?.saveData) {
  if (document.readyState === "complete") { start(); } else { window.addEventListener("load", start); }
}

// The form in steps, a draft that only this device and this code can read, and sending that does
// not give up. Without this file the same form is one long page. No answer leaves before "send".

const PREFIX = "svar-draft:";
const SENT = "svar-sent";
const bytes = (text) => new TextEncoder().encode(text);

// --- the draft -----------------------------------------------------------------------------------
// AES-GCM under a key that HKDF derives from data-draft, which the server derives from the code:
// without the code nobody gets it, and after the answer is sent nobody gets it again.

function sweep() {
  const now = Date.now();
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
    try {
      if (JSON.parse(localStorage[name]).until > now) continue;
    } catch { /* damaged: away with it */ }
    localStorage.removeItem(name);
  }
}

async function openDraft(form) {
  if (!globalThis.crypto?.subtle) return null; // not a secure context: no draft, the form works
  const secret = Uint8Array.from(form.dataset.draft.match(/../g), (pair) => parseInt(pair, 16));
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey", "deriveBits"]);
  const hkdf = (info) => ({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: bytes(info) });
  const key = await crypto.subtle.deriveKey(hkdf("key"), material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const label = new Uint8Array(await crypto.subtle.deriveBits(hkdf("name"), material, 128));
  const name = PREFIX + Array.from(label, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const until = Date.parse(form.dataset.until) || Date.now() + 30 * 24 * 3600e3;
  let generation = 0;
  return {
    name,
    until,
    async read() {
      try {
        const kept = JSON.parse(localStorage[name]);
        const unpack = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
        const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: unpack(kept.iv) }, key, unpack(kept.data));
        return JSON.parse(new TextDecoder().decode(plain));
      } catch {
        return null;
      }
    },
    async write(content) {
      const mine = ++generation; // true when it is kept
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const data = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes(JSON.stringify(content))));
      const pack = (array) => btoa(Array.from(array, (each) => String.fromCharCode(each)).join(""));
      if (mine !== generation) return false; // deleted or overtaken meanwhile
      try {
        localStorage[name] = JSON.stringify({ until, iv: pack(iv), data: pack(data) });
        return true;
      } catch {
        return false; // storage is full or shut: the form works without a draft
      }
    },
    remove() {
      generation += 1;
      localStorage.removeItem(name);
    },
  };
}

const OWN = ["code", "shown_language", "language"];
const contents = (form) => [...new FormData(form)].filter(([name]) => !OWN.includes(name));

function fill(form, fields) {
  const left = new Map();
  for (const [name, value] of fields) left.set(name, [...(left.get(name) ?? []), value]);
  for (const input of form.querySelectorAll("input[name], textarea[name]")) {
    const values = left.get(input.name);
    if (input.type === "radio" || input.type === "checkbox") input.checked = values?.includes(input.value) ?? false;
    else if (!OWN.includes(input.name) && values?.length) input.value = values.shift();
  }
}

// --- steps ---------------------------------------------------------------------------------------

const WIDE = matchMedia("(min-width: 48rem)");
const PER_STEP = 6;

function stepsOf(form) {
  const steps = [[form.querySelector("#start")]];
  for (const part of form.querySelectorAll(".part")) {
    const blocks = [...part.querySelectorAll(".block")];
    const count = WIDE.matches ? Math.ceil(blocks.length / PER_STEP) : blocks.length;
    const size = Math.ceil(blocks.length / count);
    for (let i = 0; i < blocks.length; i += size) steps.push(blocks.slice(i, i + size));
  }
  steps.at(-1).push(form.querySelector("#finish")); // "send" stands under the last question
  return steps;
}

class Steps {
  constructor(form) {
    this.form = form;
    this.title = document.title;
    form.classList.add("stepping");
    this.head = document.createElement("div");
    this.head.className = "step-head";
    this.heading = document.createElement("h1"); // the questionnaire's own is on the start
    this.heading.tabIndex = -1;
    this.bar = document.createElement("progress");
    this.bar.setAttribute("aria-hidden", "true");
    this.head.append(this.heading, this.bar);
    form.querySelector("#start").before(this.head);
    this.nav = document.createElement("div");
    this.nav.className = "step-nav";
    this.nav.hidden = true; // until the draft has been looked for: who was faster would be sent back
    this.back = this.button("button button--secondary", form.dataset.back, () => this.go(this.at - 1));
    this.next = this.button("button", form.dataset.next, () => this.go(this.at + 1));
    this.send = form.querySelector("#send"); // beside "back", where "next" was
    this.nav.append(this.send);
    form.querySelector("#finish").after(this.nav);
    this.steps = stepsOf(form);
    this.at = 0;
    WIDE.addEventListener("change", () => {
      const shown = this.steps[this.at][0];
      this.steps = stepsOf(form);
      this.show(this.indexOf(shown));
    });
    addEventListener("popstate", (event) => this.show(event.state?.step ?? 0, true));
  }

  button(className, text, action) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className, textContent: text });
    made.addEventListener("click", action);
    this.nav.append(made);
    return made;
  }

  indexOf(element) {
    return Math.max(0, this.steps.findIndex((step) => step.some((each) => each === element || each.contains(element))));
  }

  go(index, focus = true) {
    if (index === this.at - 1 && history.state?.step === this.at) return history.back();
    this.show(index, focus);
    history.pushState({ step: this.at }, "");
  }

  show(index, focus = false) {
    this.nav.hidden = false;
    this.at = Math.min(Math.max(index, 0), this.steps.length - 1);
    const shown = new Set(this.steps[this.at]);
    for (const part of this.form.querySelectorAll(".part")) {
      const blocks = [...part.querySelectorAll(".block")];
      for (const block of blocks) block.hidden = !shown.has(block);
      part.hidden = !blocks.some((block) => shown.has(block));
    }
    for (const id of ["start", "finish"]) {
      const section = this.form.querySelector(`#${id}`);
      section.hidden = !shown.has(section);
    }
    // The start is not a step: they count from the first question to the last.
    const last = this.steps.length - 1;
    const text = this.form.dataset.step.replace("{n}", this.at).replace("{m}", last);
    this.head.hidden = this.at === 0;
    this.heading.textContent = text;
    this.bar.max = last;
    this.bar.value = this.at;
    document.title = this.at === 0 ? this.title : `${text} – ${this.title}`;
    this.back.hidden = this.at === 0;
    this.next.hidden = this.at === last;
    this.send.hidden = this.at !== last;
    this.next.textContent = this.at === 0 ? this.form.dataset.begin : this.form.dataset.next;
    this.form.dispatchEvent(new Event("svar:step"));
    if (focus) {
      scrollTo(0, 0);
      (this.at === 0 ? document.querySelector("#main") : this.heading).focus({ preventScroll: true });
    }
  }
}

// --- single answers ------------------------------------------------------------------------------

function choices(form, changed) {
  for (const none of form.querySelectorAll(".choice--none")) none.remove(); // the button does it here
  for (const block of form.querySelectorAll("fieldset.block")) {
    const radios = [...block.querySelectorAll("input[type=radio]")];
    if (radios.length === 0) continue;
    const clear = document.createElement("button");
    Object.assign(clear, { type: "button", className: "button button--quiet clear", textContent: form.dataset.clear });
    clear.setAttribute("aria-describedby", (block.querySelector("legend").id = `l-${block.id}`));
    const show = () => { clear.hidden = !radios.some((radio) => radio.checked); };
    clear.addEventListener("click", () => {
      for (const radio of radios) radio.checked = false;
      radios[0].focus();
      show();
      changed();
    });
    block.append(clear);
    form.addEventListener("svar:filled", show);
    block.addEventListener("change", show);
    show();
  }
  form.addEventListener("change", ({ target }) => {
    if (target.type !== "checkbox" || !target.checked) return;
    for (const other of form.querySelectorAll(`input[name="${CSS.escape(target.name)}"]`)) {
      const alone = "exclusive" in target.dataset || "exclusive" in other.dataset;
      if (other !== target && alone) other.checked = false;
    }
  });
}

// On a phone, and only for who asked for it on the first page: an answer that was pressed (never one
// that the keyboard reached) leads to the next statement. Says whether it is on, and turns it on.
function advancing(form, steps, changed) {
  const row = form.querySelector("#advance");
  const wanted = row.querySelector("input");
  const show = () => { row.hidden = WIDE.matches; };
  WIDE.addEventListener("change", show);
  show();
  wanted.addEventListener("change", changed);
  let pressed = -Infinity;
  form.addEventListener("pointerup", ({ timeStamp }) => { pressed = timeStamp; });
  form.addEventListener("change", ({ target, timeStamp }) => {
    if (target.type !== "radio" || !wanted.checked || WIDE.matches || timeStamp - pressed > 700) return;
    const { at } = steps;
    setTimeout(() => {
      if (target.checked && steps.at === at && at < steps.steps.length - 1) steps.go(at + 1);
    }, 350); // long enough to see what was chosen
  });
  return wanted;
}

// --- sending -------------------------------------------------------------------------------------

const wait = (milliseconds) => new Promise((done) => {
  const timer = setTimeout(done, milliseconds);
  addEventListener("online", () => { clearTimeout(timer); done(); }, { once: true });
});

async function post(form, body, stop) {
  const cut = new AbortController();
  const late = setTimeout(() => cut.abort(), 15000);
  stop.addEventListener("abort", () => cut.abort(), { once: true });
  try {
    return await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(body),
      signal: cut.signal,
    });
  } catch {
    return null; // no connection, or no answer in time
  } finally {
    clearTimeout(late);
  }
}

// Goes on until the answer is acknowledged, by way of this page or of the service worker (`waiting`,
// null where the browser has none), or until the respondent stops it.
async function send(form, draft, waiting, say, stop) {
  const body = new URLSearchParams(new FormData(form)).toString();
  const arrived = (next) => {
    draft?.remove();
    return location.replace(next);
  };
  say(form.dataset.sending);
  for (let attempt = 0; !stop.aborted; attempt += 1) {
    const response = await post(form, body, stop);
    if (stop.aborted) return undefined;
    if (response?.ok && response.headers.get("Content-Type")?.startsWith("application/json")) {
      const { next } = await response.json();
      await waiting?.remove();
      return arrived(next);
    }
    // The server says why it refuses better than we could: let it show its page.
    if (response && response.status < 500 && response.status !== 429) {
      await waiting?.remove();
      if (draft) sessionStorage[SENT] = draft.name;
      return HTMLFormElement.prototype.submit.call(form);
    }
    const promised = await waiting?.keep(body);
    if (stop.aborted) return waiting?.remove();
    say(promised ? form.dataset.waiting : form.dataset.retrying);
    const what = await Promise.race([wait(Math.min(30000, 1000 * 2 ** attempt)), waiting?.arrived ?? new Promise(() => {})]);
    if (what === "arrived") return arrived(form.dataset.thanks);
  }
  return undefined;
}

// --- together ------------------------------------------------------------------------------------

// The cryptographic mode (blind.js), when the study has it and this browser can keep to it; the form
// says which of the two applies.
async function openCredential(form) {
  if (!form.dataset.blind) return null;
  try {
    const blind = await import(form.dataset.blind);
    const credential = await blind.Credential.open(form);
    if (!credential) return null;
    for (const text of form.querySelectorAll("[data-mode]")) text.hidden = text.dataset.mode === "ordinary";
    return { blind, credential };
  } catch {
    return null;
  }
}

// What can send an answer when the page cannot (waiting.js); null in most browsers.
async function openWaiting(form, draft) {
  try {
    return await (await waitingModule).open(form, draft);
  } catch {
    return null;
  }
}

// What is refused is told here: the form itself would send the answers together with the code.
function refused(form, error, say) {
  if (error.status === 409) {
    form.replaceChildren(document.querySelector("#gone").content.cloneNode(true));
    const heading = form.querySelector("h1");
    heading.tabIndex = -1;
    heading.focus();
    document.title = heading.textContent;
  } else if (error.status === 404 || error.status === 410) location.replace(form.dataset.form);
  else say(error.status ? form.dataset.refused : form.dataset.keysWrong);
}

function linkFaults(form, steps) {
  form.querySelector("#error-summary")?.focus();
  for (const link of form.querySelectorAll("#error-summary a")) {
    link.addEventListener("click", (event) => {
      const field = document.getElementById(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      steps.show(steps.indexOf(field));
      field.focus();
    });
  }
}

async function begin(form) {
  const status = form.querySelector("#status");
  const note = form.querySelector("#draft");
  const say = (text) => { status.textContent = text; };
  const steps = new Steps(form);
  const draft = await openDraft(form);
  const held = await openCredential(form);
  if (held?.credential.lost) return refused(form, { status: 409 }, say);
  const waiting = held ? null : openWaiting(form, draft); // not waited for: the form comes first
  waiting?.then((able) => { form.querySelector("#send-offline").hidden = !able; });
  let sending = false;

  const save = async () => {
    if (!draft) return false;
    note.hidden = false;
    return draft.write({ fields: contents(form), step: steps.at, sending, advance: advance.checked });
  };
  let timer;
  const changed = () => { clearTimeout(timer); timer = setTimeout(save, 250); };
  choices(form, changed);
  const advance = advancing(form, steps, changed);
  form.addEventListener("input", changed);
  addEventListener("pagehide", () => { if (timer && !note.hidden && !sending) save(); });

  const forget = form.querySelector("#forget");
  const still = (quiet) => {
    for (const button of form.elements) {
      if (button.type === "submit" || button.type === "button") button.disabled = quiet && (button !== forget || Boolean(held));
    }
  };
  let stop = new AbortController();

  const start = async () => {
    if (sending) return;
    sending = true;
    clearTimeout(timer);
    still(true);
    await save();
    if (!held) return send(form, draft, await waiting, say, stop.signal);
    say(form.dataset.sending);
    try {
      await held.credential.redeem(held.blind.answersOf(form), () => say(form.dataset.retrying));
      draft?.remove();
      return location.replace(form.dataset.thanks);
    } catch (error) {
      sending = false;
      still(false);
      await save();
      if (error.status !== 422) return refused(form, error, say);
      say("");
      held.blind.showFaults(form, error.faults);
      const wrong = form.querySelector(".block--wrong");
      if (wrong) steps.show(steps.indexOf(wrong));
      return linkFaults(form, steps);
    }
  };
  if (held) {
    form.addEventListener("svar:step", () => {
      if (steps.at > 0) held.credential.obtain().catch((error) => refused(form, error, say));
    });
  }
  // Another language: the answers stay here, in the draft, and only the form travels; without a draft
  // they travel with it and come back filled in.
  const speak = async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    timer = undefined; // nothing is saved once more when the page goes, with its fields shut
    if (await save()) {
      for (const field of form.elements) if (field.name?.[1] === ".") field.disabled = true;
    } else if (held) return location.assign(`${form.dataset.form}?language=${event.submitter.value}`);
    const chosen = document.createElement("input");
    Object.assign(chosen, { type: "hidden", name: "language", value: event.submitter.value });
    form.append(chosen);
    return HTMLFormElement.prototype.submit.call(form);
  };
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "language") return speak(event);
    event.preventDefault();
    // Enter in a field means "next" until the last step.
    if (event.submitter?.id !== "send" && steps.at < steps.steps.length - 1) steps.go(steps.at + 1);
    else start();
  });
  forget.addEventListener("click", async () => {
    const sent = sending;
    clearTimeout(timer);
    stop.abort();
    stop = new AbortController();
    sending = false;
    draft.remove();
    (await waiting)?.remove();
    fill(form, [["submission_id", crypto.randomUUID()]]);
    for (const field of form.querySelectorAll("textarea, input[type=text]")) field.value = "";
    form.dispatchEvent(new Event("svar:filled"));
    still(false);
    note.hidden = true;
    steps.go(0);
    say(sent ? form.dataset.forgottenSending : form.dataset.forgotten);
  });
  if (draft && draft.until > Date.now()) {
    // Longer than setTimeout can count (24 days): nobody keeps a page open that long.
    const left = draft.until - Date.now();
    if (left < 2 ** 31) setTimeout(() => draft.remove(), left);
  }

  const { fresh } = form.dataset; // "again": another language, and the answers were left here
  const kept = fresh === "no" ? null : await draft?.read();
  if (kept) {
    fill(form, kept.fields);
    advance.checked = kept.advance ?? false;
    form.dispatchEvent(new Event("svar:filled"));
    note.hidden = false;
    if (fresh === "yes") say(form.dataset.draftFound);
    steps.show(kept.step);
    if (kept.sending) start();
  } else if (fresh === "no") {
    const before = await draft?.read();
    const wrong = form.querySelector(".block--wrong");
    advance.checked = before?.advance ?? false;
    steps.show(wrong ? steps.indexOf(wrong) : (before?.step ?? 0));
    linkFaults(form, steps);
    save();
  } else {
    steps.show(0);
  }
}

const form = document.querySelector("#svar");
const waitingModule = import(document.querySelector("#waiting").href);
try {
  sweep();
  if (document.querySelector("#thanks") && sessionStorage[SENT]) {
    localStorage.removeItem(sessionStorage[SENT]);
    sessionStorage.removeItem(SENT);
  }
} catch { /* storage is shut */ }
waitingModule.then((module) => module.sweep(Boolean(form))).catch(() => {});
if (form) begin(form);

// The cryptographic mode on the respondent's device: RSABSSA-SHA384-PSS-Randomized of RFC 9474.
//
// At the start the code is exchanged for a signature on something that the service cannot read. The
// answers travel later with that signature, without code and without cookie. So the service knows
// that the answer is from somebody who was invited to this unit, and cannot know who. The secrets
// are drawn here, lie encrypted in this browser until the answer is acknowledged, and are deleted
// then. Lost secrets are a lost answer: nothing that the service has can bring them back.

const EXPONENT = 65537n;
const HASH = 48; // bytes of SHA-384, and of the salt
const RANDOM = 32; // bytes of the random prefix (section 4.1), and of the message behind it

// --- RFC 9474 ------------------------------------------------------------------------------------

const random = (length) => crypto.getRandomValues(new Uint8Array(length));
const hash = async (name, bytes) => new Uint8Array(await crypto.subtle.digest(name, bytes));
const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const toNumber = (bytes) => BigInt(`0x${toHex(bytes)}`);
const toBytes = (number, length) => fromHex(number.toString(16).padStart(2 * length, "0"));
const bits = (number) => number.toString(2).length;
const mod = (a, n) => ((a % n) + n) % n;

export const toBase64 = (bytes) =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
export const fromBase64 = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));

function power(base, exponent, n) {
  let result = 1n;
  for (let square = base % n; exponent > 0n; exponent >>= 1n, square = (square * square) % n) {
    if (exponent & 1n) result = (result * square) % n;
  }
  return result;
}

// a⁻¹ mod n by Euclid; null when there is none.
function inverse(a, n) {
  let [r, next, x, y] = [n, mod(a, n), 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next, x, y] = [next, r - quotient * next, y, x - quotient * y];
  }
  return r === 1n ? mod(x, n) : null;
}

// Uniform among the numbers that have an inverse, together with it.
function invertible(n) {
  for (;;) {
    const r = toNumber(random(Math.ceil(bits(n) / 8)));
    const back = r > 0n && r < n ? inverse(r, n) : null;
    if (back !== null) return { r, back };
  }
}

async function mask(seed, length) { // MGF1
  let out = new Uint8Array();
  for (let counter = 0; out.length < length; counter += 1) {
    out = join(out, await hash("SHA-384", join(seed, toBytes(BigInt(counter), 4))));
  }
  return out.slice(0, length);
}

async function encode(message, salt, length) { // EMSA-PSS-ENCODE; length in bits
  const bytes = Math.ceil(length / 8);
  const digest = await hash("SHA-384", join(new Uint8Array(8), await hash("SHA-384", message), salt));
  const data = join(new Uint8Array(bytes - salt.length - HASH - 2), [1], salt);
  const cover = await mask(digest, data.length);
  const masked = data.map((byte, i) => byte ^ cover[i]);
  masked[0] &= 0xff >> (8 * bytes - length);
  return join(masked, digest, [0xbc]);
}

export const prepare = (message) => join(random(RANDOM), message);

// `salt` and `back` (the inverse of r) are given by test vectors only.
export async function blind(n, prepared, salt = random(HASH), back = null) {
  const m = toNumber(await encode(prepared, salt, bits(n) - 1));
  const drawn = back === null ? invertible(n) : { r: inverse(back, n), back };
  const blinded = (m * power(drawn.r, EXPONENT, n)) % n;
  return { blinded: toBytes(blinded, Math.ceil(bits(n) / 8)), back: drawn.back };
}

export async function verify(n, prepared, signature) {
  const jwk = { kty: "RSA", n: toBase64(toBytes(n, Math.ceil(bits(n) / 8))), e: "AQAB" };
  const scheme = { name: "RSA-PSS", hash: "SHA-384", saltLength: HASH };
  const key = await crypto.subtle.importKey("jwk", jwk, scheme, false, ["verify"]);
  return crypto.subtle.verify(scheme, key, signature, prepared);
}

export async function finalize(n, prepared, blindSignature, back) {
  const signature = toBytes((toNumber(blindSignature) * back) % n, Math.ceil(bits(n) / 8));
  if (!(await verify(n, prepared, signature))) throw new Error("not a signature of this key");
  return signature;
}

// --- what is kept --------------------------------------------------------------------------------
// One record for each code, under a name and a key that only the code gives (by way of the server),
// so that the next person at a shared computer finds nothing of the one before.

const DATABASE = "svar";
const STORE = "credentials";
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

class Store {
  static async open(form) {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "name" });
    const store = new Store();
    store.database = await done(request);
    const material = await crypto.subtle.importKey("raw", fromHex(form.dataset.draft), "HKDF", false, ["deriveKey", "deriveBits"]);
    const hkdf = (info) => ({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: new TextEncoder().encode(info) });
    store.key = await crypto.subtle.deriveKey(hkdf("credential key"), material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    store.name = toHex(new Uint8Array(await crypto.subtle.deriveBits(hkdf("credential name"), material, 128)));
    store.until = Date.parse(form.dataset.until) || Date.now() + 400 * 24 * 3600e3;
    await store.sweep();
    return store;
  }

  objects(mode) {
    return this.database.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
  }

  async sweep() { // what outlived its survey
    const objects = this.objects("readwrite");
    for (const { name, until } of await done(objects.getAll())) {
      if (until < Date.now() - 24 * 3600e3) objects.delete(name);
    }
  }

  async read() {
    return this.unpack(await done(this.objects("readonly").get(this.name)));
  }

  // Keeps `content` unless there is something already; returns what is kept. Two tabs get the same.
  async keep(content, replace = false) {
    const packed = await this.pack(content);
    const objects = this.objects("readwrite");
    const ended = new Promise((resolve, reject) => {
      objects.transaction.oncomplete = resolve;
      objects.transaction.onabort = () => reject(objects.transaction.error);
    });
    const there = await done(objects.get(this.name));
    if (!there || replace) objects.put(packed);
    await ended;
    return there && !replace ? this.unpack(there) : content;
  }

  async remove() {
    await done(this.objects("readwrite").delete(this.name));
  }

  async pack(content) {
    const iv = random(12);
    const plain = new TextEncoder().encode(JSON.stringify(content));
    const data = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, plain));
    return { name: this.name, until: this.until, iv, data };
  }

  async unpack(record) {
    if (!record) return null;
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: record.iv }, this.key, record.data);
    return JSON.parse(new TextDecoder().decode(plain));
  }
}

// --- the two requests ----------------------------------------------------------------------------

const wait = (milliseconds) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds);
  addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
});

// Asks until somebody answers for good. Cookies stay at home: the one of the form holds the code.
async function ask(address, body, waiting = () => {}) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await fetch(address, {
        method: body ? "POST" : "GET",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        headers: body ? { "Content-Type": "application/json" } : {},
        body: body ? JSON.stringify(body) : undefined,
        signal: AbortSignal.timeout(15000),
      });
      if (response.status < 500 && response.status !== 429) {
        return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) };
      }
    } catch { /* no connection, or no answer in time */ }
    waiting();
    await wait(Math.min(30000, 1000 * 2 ** attempt));
  }
}

const parsed = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

export class Refused extends Error {
  constructor(status, bytes) {
    super(`status ${status}`);
    this.status = status;
    try { this.faults = parsed(bytes).errors ?? []; } catch { this.faults = []; }
  }
}

export class Credential {
  // Null when this browser cannot keep secrets: then the ordinary mode applies.
  static async open(form) {
    if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return null;
    const credential = new Credential();
    credential.form = form;
    credential.store = await Store.open(form);
    credential.lost = form.dataset.issued === "yes" && !(await credential.store.read());
    return credential;
  }

  // Exchanges the code, once however often it is called, and however many tabs call it.
  obtain() {
    this.obtaining ??= this.exchange().then((kept) => {
      this.form.dataset.ready = "yes";
      return kept;
    });
    return this.obtaining;
  }

  async exchange() {
    let kept = await this.store.read();
    if (kept?.signature) return kept;
    const n = toNumber(fromBase64(await this.modulus()));
    if (!kept) {
      const prepared = prepare(random(RANDOM));
      const { blinded, back } = await blind(n, prepared);
      // Kept before anything is sent: what was sent and not kept would be lost.
      kept = await this.store.keep({
        prepared: toBase64(prepared), blinded: toBase64(blinded), back: back.toString(16),
      });
    }
    if (kept.signature) return kept; // by another tab, meanwhile
    const answer = await ask(this.form.dataset.issue, {
      code: this.form.elements.namedItem("code").value, blinded_message: kept.blinded,
    });
    if (answer.status !== 200) {
      if (answer.status === 409) await this.store.remove(); // exchanged elsewhere: of no use
      throw new Refused(answer.status, answer.bytes);
    }
    const signed = fromBase64(parsed(answer.bytes).blind_signature);
    kept.signature = toBase64(await finalize(n, fromBase64(kept.prepared), signed, BigInt(`0x${kept.back}`)));
    return this.store.keep(kept, true);
  }

  // The modulus of this form's key, out of the file that is the same for everybody.
  async modulus() {
    const { keys, digest, key } = this.form.dataset;
    const { status, bytes } = await ask(keys);
    if (status !== 200) throw new Refused(status, bytes);
    if (toHex(await hash("SHA-256", bytes)) !== digest) throw new Error("not the keys of the letter");
    const found = parsed(bytes).keys.find((each) => each.key === key);
    if (!found) throw new Error("a key of its own for this form");
    return found.modulus;
  }

  // Sends the answers until they are acknowledged; then nothing is kept any more.
  async redeem(answers, waiting) {
    const kept = await this.obtain();
    const answer = await ask(this.form.dataset.redeem, {
      key: this.form.dataset.key, message: kept.prepared, signature: kept.signature, answers,
    }, waiting);
    if (answer.status !== 200 && answer.status !== 201) throw new Refused(answer.status, answer.bytes);
    await this.store.remove();
  }
}

// --- the form ------------------------------------------------------------------------------------

const WHOLE = /^-?[0-9]{1,9}$/;

// The form's fields as plain answers, as survey/web/answer/form.py reads them.
export function answersOf(form) {
  const answers = { items: {}, questions: {} };
  for (const [name, value] of new FormData(form)) {
    const [letter, id] = [name.slice(0, 2), name.slice(2)];
    const text = value.replaceAll("\r\n", "\n");
    if (letter === "i.") answers.items[id] = WHOLE.test(text) ? Number(text) : text;
    else if (letter === "s." || letter === "t.") answers.questions[id] = text;
    else if (letter === "m.") (answers.questions[id] ??= []).push(text);
    else if (letter === "w." && text.trim()) (answers.questions[id] ??= []).push(text);
  }
  return answers;
}

// Marks what the service could not accept, and says so in a summary as the ordinary form does.
export function showFaults(form, faults) {
  form.querySelector("#error-summary")?.remove();
  for (const old of form.querySelectorAll(".block--wrong")) old.classList.remove("block--wrong");
  const wrong = new Set(faults.map(({ path }) => path.split("/")[3]).filter(Boolean));
  const summary = document.querySelector("#faults").content.firstElementChild.cloneNode(true);
  const list = summary.querySelector("ul");
  const [unplaced] = list.children;
  for (const block of form.querySelectorAll(".block")) {
    const id = block.id.slice(2);
    if (!wrong.has(id)) continue;
    block.classList.add("block--wrong");
    const field = block.querySelector("input, textarea");
    const empty = !block.querySelector(":checked") && ![...block.querySelectorAll("textarea, input[type=text]")].some((each) => each.value);
    const link = document.createElement("a");
    link.href = `#${field.id}`;
    link.textContent = (empty ? form.dataset.faultRequired : form.dataset.faultOther)
      .replace("{text}", block.querySelector(".block__text").textContent);
    list.append(document.createElement("li"));
    list.lastElementChild.append(link);
  }
  if (list.children.length > 1) unplaced.remove();
  form.prepend(summary);
  return summary;
}

// Answers that wait on this device for a connection, where the browser can send them by itself
// (Background Sync: Chromium). What lies here is locked for the service: neither who opens the
// browser next nor the service worker can read it. It goes when it has arrived, when the respondent
// deletes it, when the survey closes, and at the latest after a day.

const CHANNEL = "svar-waiting"; // the same in sender.js: database, sync tag and channel
const STORE = "answers";
const SCOPE = "/sender/";
const DAY = 24 * 3600e3;
const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function use(mode, work) {
  const request = indexedDB.open(CHANNEL, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "name" });
  const database = await done(request);
  try {
    const transaction = database.transaction(STORE, mode);
    return await work(transaction.objectStore(STORE));
  } finally {
    database.close();
  }
}

// Takes away what has arrived, with its draft, and what is too old; and the service worker when
// nothing waits and nobody is answering here.
export async function sweep(answering) {
  if (!globalThis.indexedDB || !navigator.serviceWorker) return;
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  if (!registration) return; // nothing was ever kept in this browser
  const left = await use("readwrite", async (objects) => {
    let waiting = 0;
    for (const { name, until, arrived } of await done(objects.getAll())) {
      if (arrived) localStorage.removeItem(name);
      if (arrived || until < Date.now()) await done(objects.delete(name));
      else waiting += 1;
    }
    return waiting;
  });
  if (left === 0 && !answering) await registration.unregister();
}

// What holds this form's answer; null where the browser does not send by itself.
export async function open(form, draft) {
  const able = globalThis.indexedDB && globalThis.SyncManager && globalThis.BroadcastChannel && navigator.serviceWorker;
  if (!able || !draft) return null;
  const registration = await navigator.serviceWorker.register(form.dataset.sender, { scope: SCOPE });
  if (!registration?.sync) return null;
  const material = fromHex(form.dataset.lock);
  const key = await crypto.subtle.importKey("raw", material, "AES-GCM", false, ["encrypt"]);
  return new Waiting(form, draft, registration, key);
}

class Waiting {
  constructor(form, draft, registration, key) {
    Object.assign(this, { draft, registration, key });
    this.nonce = fromHex(form.dataset.nonce);
    this.promised = false;
    this.arrived = new Promise((resolve) => {
      this.channel = new BroadcastChannel(CHANNEL);
      this.channel.onmessage = ({ data }) => { if (data === draft.name) resolve("arrived"); };
    });
  }

  // Hands the answer over; true when the browser has promised to send it.
  async keep(body) {
    if (this.promised) return true;
    try {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const algorithm = { name: "AES-GCM", iv, additionalData: new TextEncoder().encode("svar") };
      const locked = new Uint8Array(await crypto.subtle.encrypt(algorithm, this.key, new TextEncoder().encode(body)));
      const envelope = new Blob([this.nonce, iv, locked]);
      const record = {
        name: this.draft.name,
        until: Math.min(this.draft.until, Date.now() + DAY),
        envelope: new Uint8Array(await envelope.arrayBuffer()),
      };
      await use("readwrite", (objects) => done(objects.put(record)));
      await this.registration.sync.register(CHANNEL);
      this.promised = true;
    } catch { // no room, or not allowed: the page itself goes on trying
      await this.remove();
    }
    return this.promised;
  }

  async remove() {
    this.promised = false;
    await use("readwrite", (objects) => done(objects.delete(this.draft.name))).catch(() => {});
  }
}

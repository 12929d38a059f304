// The service worker: sends answers that wait on this device when there is a connection again, also
// after the page was closed. It controls no page, caches nothing, and cannot read what it sends: the
// answers are locked for the service (survey/web/answer/envelope.py), and their key is not here.

const CHANNEL = "svar-waiting";
const STORE = "answers";
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function open() {
  const request = indexedDB.open(CHANNEL, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "name" });
  return done(request);
}

const answers = (database, mode) => database.transaction(STORE, mode).objectStore(STORE);

// True when the service has it, false when it will never take it, null when nobody answered.
async function deliver(envelope) {
  try {
    const { ok, status } = await fetch("/sender", {
      method: "POST",
      credentials: "omit",
      referrerPolicy: "no-referrer",
      headers: { "Content-Type": "application/octet-stream" },
      body: envelope,
      signal: AbortSignal.timeout(30000),
    });
    return ok ? true : status >= 500 || status === 429 ? null : false;
  } catch {
    return null;
  }
}

async function sendAll() {
  const database = await open();
  let left = false;
  try {
    for (const { name, until, envelope } of await done(answers(database, "readonly").getAll())) {
      if (!envelope) continue; // arrived already; the next page sweeps up
      const arrived = until < Date.now() ? false : await deliver(envelope);
      if (arrived === null) {
        left = true;
        continue;
      }
      // The draft of an answer that arrived goes too; the page that can do it reads this.
      const objects = answers(database, "readwrite");
      await done(arrived ? objects.put({ name, until, arrived }) : objects.delete(name));
      if (arrived) new BroadcastChannel(CHANNEL).postMessage(name);
    }
  } finally {
    database.close();
  }
  if (left) throw new Error("no connection yet"); // the browser tries again
}

addEventListener("install", () => skipWaiting());
addEventListener("sync", (event) => {
  if (event.tag === CHANNEL) event.waitUntil(sendAll());
});

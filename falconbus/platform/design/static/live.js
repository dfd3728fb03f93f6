// The live numbers, by event stream where there is one, else by polling. Pages that load this module hear
// `live:performance` events on the document (detail: the numbers), and `live:state` (detail: "streaming", "polling" or
// "away").

const TICKET = "/api/v1/live/ticket?topic=performance";
const NUMBERS = "/api/v1/performance/live";
const POLL_EVERY = 2000;
// How long to poll before the stream is tried again, doubled with each failure.
const FIRST_PAUSE = 5000;
const LONGEST_PAUSE = 60000;
// A stream that says nothing for so long is taken for dead; the server gives a sign of life at least each second.
const LONGEST_SILENCE = 20000;

const liveUrl = document.querySelector('meta[name="live-url"]')?.content;
let source = null;
let etag = null;
let pause = FIRST_PAUSE;
let pollTimer = 0;
let streamTimer = 0;
let silenceTimer = 0;
let state = "";

function say(name, detail) {
  document.dispatchEvent(new CustomEvent(name, { detail }));
}

function become(next) {
  if (next !== state) {
    state = next;
    say("live:state", next);
  }
}

async function poll() {
  clearTimeout(pollTimer);
  try {
    const answer = await fetch(NUMBERS, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) return stop();
    if (answer.ok) {
      etag = answer.headers.get("ETag");
      say("live:performance", await answer.json());
    }
    if (!source) become(answer.ok || answer.status === 304 ? "polling" : "away");
  } catch {
    if (!source) become("away");
  }
  if (!source && !document.hidden) pollTimer = setTimeout(poll, POLL_EVERY);
}

function hear() {
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(fall, LONGEST_SILENCE);
}

async function stream() {
  clearTimeout(streamTimer);
  if (!liveUrl || source || document.hidden) return;
  let ticket;
  try {
    const answer = await fetch(TICKET, { cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) return stop();
    if (!answer.ok) return fall();
    ({ ticket } = await answer.json());
  } catch {
    return fall();
  }
  if (source) return;
  source = new EventSource(`${liveUrl}/events?ticket=${encodeURIComponent(ticket)}`);
  hear();
  source.addEventListener("performance", (event) => {
    pause = FIRST_PAUSE;
    clearTimeout(pollTimer);
    hear();
    become("streaming");
    say("live:performance", JSON.parse(event.data));
  });
  source.addEventListener("away", () => { hear(); become("away"); });
  source.addEventListener("renew", () => { close(); stream(); });
  // It would try again by itself, with a ticket that is no longer valid.
  source.addEventListener("error", fall);
}

function close() {
  clearTimeout(silenceTimer);
  source?.close();
  source = null;
}

function fall() {
  close();
  clearTimeout(streamTimer);
  if (document.hidden) return;
  streamTimer = setTimeout(stream, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
  poll();
}

// Signed out, or no longer allowed: nothing more will come.
function stop() {
  close();
  clearTimeout(pollTimer);
  clearTimeout(streamTimer);
  become("away");
}

function start() {
  if (liveUrl) stream();
  else poll();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    close();
    clearTimeout(pollTimer);
    clearTimeout(streamTimer);
  } else {
    start();
  }
});
start();

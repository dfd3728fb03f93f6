// The dashboard: figures that follow the live stream, and text to copy. Everything else works without script.
"use strict";
(() => {
  const three = (value) => {
    if (Math.abs(value) >= 99.95) return Math.round(value).toLocaleString("en").replaceAll(",", "\u00a0");
    return String(Number(value.toPrecision(3)));
  };
  const duration = (ms) => {
    if (ms === null || ms === undefined) return "\u2013";
    if (ms < 0.9995) return `${Math.round(ms * 1000)}\u00a0µs`;
    return ms < 999.5 ? `${three(ms)}\u00a0ms` : `${three(ms / 1000)}\u00a0s`;
  };
  const rate = (value) => `${three(value)}/s`;
  const SHOWN = {
    requests_per_second: rate,
    errors_per_second: rate,
    p50_ms: duration,
    p95_ms: duration,
    p99_ms: duration,
    processes: String,
  };

  // On a phone the tabs scroll: the present one is to be seen.
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  // And of a heat map the newest.
  for (const { parentElement: box } of document.querySelectorAll(".heat-frame")) box.scrollLeft = box.scrollWidth;

  const live = document.querySelector("[data-live-numbers]");
  if (live) {
    const state = live.querySelector(".live");
    const WORDS = { streaming: "live, over the last minute", polling: "every two seconds, over the last minute", away: "no answer: these figures are old" };
    document.addEventListener("live:performance", ({ detail }) => {
      for (const place of live.querySelectorAll("[data-live]")) {
        const words = SHOWN[place.dataset.live](detail[place.dataset.live]);
        if (place.textContent !== words) place.textContent = words;
      }
    });
    document.addEventListener("live:state", ({ detail }) => {
      state.textContent = WORDS[detail];
      state.toggleAttribute("data-on", detail !== "away");
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const label = button.textContent;
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
})();

// Charts over time (uPlot). The figures are in a JSON script beside each; colours come from the page's own properties.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map();
  const HEIGHT = 210;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const figures = (value) => {
    if (Math.abs(value) >= 99.95) return Math.round(value).toLocaleString("en").replaceAll(",", "\u00a0");
    return String(Number(value.toPrecision(3)));
  };
  const UNITS = {
    duration: (ms) => {
      if (ms === 0) return "0";
      if (ms < 0.9995) return `${Math.round(ms * 1000)}\u00a0µs`;
      if (ms < 999.5) return `${figures(ms)}\u00a0ms`;
      return `${figures(ms / 1000)}\u00a0s`;
    },
    rate: (value) => `${figures(value)}/s`,
    count: figures,
  };

  // A value with none beside it has no line: it is shown as a point.
  const lonely = (plot, series) => {
    const values = plot.data[series];
    const found = [];
    for (let place = 0; place < values.length; place += 1) {
      if (values[place] !== null && (values[place - 1] ?? values[place + 1] ?? null) === null) found.push(place);
    }
    return found.length ? found : null;
  };

  const markers = (list) => ({
    hooks: {
      draw: [(plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.strokeStyle = colour("--chart-marker");
        ctx.fillStyle = colour("--quiet");
        ctx.lineWidth = devicePixelRatio;
        ctx.font = `${11 * devicePixelRatio}px ${colour("--font")}`;
        let free = -Infinity;
        for (const { at, label } of list) {
          const x = Math.round(plot.valToPos(at, "x", true));
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          const width = ctx.measureText(label).width;
          const left = Math.min(x + 4 * devicePixelRatio, bbox.left + bbox.width - width);
          if (left > free) {
            ctx.fillText(label, left, bbox.top + 10 * devicePixelRatio);
            free = left + width;
          }
        }
        ctx.restore();
      }],
    },
  });

  // Durations lie powers of ten apart: only on such a scale do the middle and the tail both show.
  const scaleOf = (unit) => (unit === "duration"
    ? { distr: 3, range: (plot, low, high) => (low > 0 ? uPlot.rangeLog(low, high, 10, false) : [1, 100]) }
    : { range: (plot, low, high) => [0, high > 0 ? high * 1.15 : 1] });

  const options = (data, width) => {
    const show = UNITS[data.unit];
    const axis = {
      stroke: () => colour("--quiet"),
      grid: { stroke: () => colour("--chart-grid"), width: 1 },
      ticks: { show: false },
      font: `12px ${colour("--font")}`,
    };
    return {
      width,
      height: HEIGHT,
      // Times are told in the page's zone, whatever the browser's own.
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone),
      cursor: { y: false, points: { size: 7 } },
      legend: { live: true },
      scales: { x: { time: true }, y: scaleOf(data.unit) },
      axes: [
        { ...axis, space: 64, values: [
          [86400, "{DD} {MMM}", null, null, null, null, null, null, 1],
          [3600, "{HH}:{mm}", "\n{DD} {MMM}", null, "\n{DD} {MMM}", null, null, null, 1],
          [60, "{HH}:{mm}", "\n{DD} {MMM}", null, "\n{DD} {MMM}", null, null, null, 1],
          [1, "{HH}:{mm}:{ss}", "\n{DD} {MMM}", null, "\n{DD} {MMM}", null, null, null, 1],
        ] },
        { ...axis, size: 56, space: 36, values: (plot, ticks) => ticks.map((tick) => (tick === null ? "" : show(tick))) },
      ],
      series: [
        { label: "Time", value: "{DD} {MMM} {HH}:{mm}" },
        ...data.series.map((each) => ({
          label: each.label,
          stroke: () => colour(`--chart-${each.tone}`),
          fill: each.filled ? () => `${colour(`--chart-${each.tone}`)}22` : undefined,
          width: 1.75,
          dash: each.dashed ? [5, 4] : undefined,
          points: { show: data.times.length < 2, filter: lonely },
          value: (plot, value) => (value === null || value === undefined ? "\u2013" : show(value)),
        })),
      ],
      plugins: [markers(data.markers)],
    };
  };

  const draw = (box) => {
    const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    // The legend tells the newest figures unless one points at others.
    const newest = data.times.findLastIndex((time, place) => data.series.some((each) => each.values[place]));
    const rest = (plot) => plot.setLegend({ idx: newest < 0 ? null : newest });
    const hooks = { ready: [(plot) => {
      rest(plot);
      plot.over.addEventListener("mouseleave", () => setTimeout(rest, 0, plot));
    }] };
    const values = data.series.map((each) => each.values);
    const plot = new uPlot({ ...options(data, box.clientWidth), hooks }, [data.times, ...values]);
    box.replaceChildren(plot.root);
    drawn.set(box, plot);
  };

  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const plot = drawn.get(target);
      if (plot && plot.width !== target.clientWidth) plot.setSize({ width: target.clientWidth, height: HEIGHT });
    }
  });

  for (const box of document.querySelectorAll("[data-chart]")) {
    draw(box);
    sizes.observe(box);
  }
  dark.addEventListener("change", () => drawn.forEach((plot) => plot.redraw(false, true)));
})();

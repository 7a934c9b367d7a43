// Three charts of the last minutes; what they show last is in words below each.

import { h, show } from './dom.js';
import { clock, millis, number, seconds } from './format.js';

const HEIGHT = 170;
const KEPT = 300;
const CHARTS = [
  {
    title: 'Signals a second',
    series: [['accepted', 'accepted'], ['throttled', 'throttled']],
    print: (value) => number(value),
  },
  {
    title: 'Latency of requests to this node',
    series: [['write50', 'write p50'], ['write99', 'write p99'], ['read50', 'read p50'], ['read99', 'read p99']],
    print: (value) => millis(value),
  },
  {
    title: 'Replication lag of the slowest follower',
    series: [['lagSeconds', 'seconds']],
    print: (value) => seconds(value),
  },
];

const times = [];
const points = [];
let drawn = [];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function data(chart) {
  return [times, ...chart.series.map(([key]) => points.map((point) => point[key]))];
}

/** Draws them anew, in the colours of now. */
export function build() {
  const place = document.getElementById('charts');
  place.replaceChildren();
  // All of them first: how wide one is depends on how many there are.
  const figures = CHARTS.map((chart) => {
    const canvas = h('div', { role: 'img', 'aria-label': `${chart.title}, last ten minutes` });
    const caption = h('figcaption');
    place.append(h('figure', {}, h('h3', {}, chart.title), canvas, caption));
    return { chart, canvas, caption };
  });
  const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 0.5 }, ticks: { stroke: colour('--line'), width: 0.5 } };
  drawn = figures.map(({ chart, canvas, caption }) => ({ chart, canvas, caption, plot: new window.uPlot({
    width: canvas.clientWidth,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (self, low, high) => [0, Math.max(high ?? 0, 1) * 1.1] } },
    axes: [
      { ...axis, space: 80, values: (self, ticks) => ticks.map((tick) => clock(new Date(tick * 1_000))) },
      { ...axis, size: 56, values: (self, ticks) => ticks.map((tick) => chart.print(tick)) },
    ],
    series: [{}, ...chart.series.map(([, label], index) => ({
      label, stroke: colour(`--series-${index + 1}`), width: 2, spanGaps: true, points: { show: false },
    }))],
  }, data(chart), canvas) }));
  drawn.forEach(tell);
}

function tell({ chart, caption }) {
  const last = points.at(-1);
  show(caption, chart.series.map(([key, label], index) => [
    h('span', { class: `swatch s${index + 1}` }), `${label} ${last ? chart.print(last[key]) : '–'}`,
  ]));
}

export function add(point) {
  times.push(Date.now() / 1_000);
  points.push(point);
  if (points.length > KEPT) {
    times.shift();
    points.shift();
  }
  drawn.forEach((each) => {
    each.plot.setData(data(each.chart));
    tell(each);
  });
}

new ResizeObserver(() => drawn.forEach(({ plot, canvas }) => {
  if (canvas.clientWidth > 0 && canvas.clientWidth !== plot.width) {
    plot.setSize({ width: canvas.clientWidth, height: HEIGHT });
  }
})).observe(document.getElementById('charts'));

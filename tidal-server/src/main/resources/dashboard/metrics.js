// Prometheus text, and what two looks at it say about the time between them.

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;
const WRITES = ['POST /v1/tenants/{tenant}/signals'];
const READS = [
  'GET /v1/tenants/{tenant}/entities/{entity}/signals/{signal}',
  'GET /v1/tenants/{tenant}/top',
  'GET /v1/tenants/{tenant}/signals/{signal}',
  'POST /v1/tenants/{tenant}/reads',
];

/** Returns samples by name. */
export function parse(text) {
  const samples = new Map();
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (!match) {
      continue;
    }
    const labels = {};
    for (const [, name, value] of (match[2] ?? '').matchAll(LABEL)) {
      labels[name] = value;
    }
    const all = samples.get(match[1]) ?? [];
    all.push({ labels, value: Number(match[3]) });
    samples.set(match[1], all);
  }
  return samples;
}

function one(samples, name) {
  return samples.get(name)?.[0]?.value ?? 0;
}

/** Returns how many requests to these routes took at most so many seconds, by that bound. */
function buckets(samples, routes) {
  const counts = new Map();
  for (const { labels, value } of samples.get('tidal_http_requests_seconds_bucket') ?? []) {
    if (routes.includes(labels.route)) {
      const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
      counts.set(bound, (counts.get(bound) ?? 0) + value);
    }
  }
  return counts;
}

/** Returns the quantile in milliseconds of what came between two looks, or null if nothing did. */
export function quantile(before, after, share) {
  const bounds = [...after.keys()].sort((a, b) => a - b);
  const counts = bounds.map((bound) => after.get(bound) - (before.get(bound) ?? 0));
  const total = counts.at(-1) ?? 0;
  if (total <= 0) {
    return null;
  }
  const rank = share * total;
  const index = counts.findIndex((count) => count >= rank);
  const low = index > 0 ? bounds[index - 1] : 0;
  const below = index > 0 ? counts[index - 1] : 0;
  const high = bounds[index] === Infinity ? low : bounds[index];
  const within = counts[index] === below ? 1 : (rank - below) / (counts[index] - below);
  return (low + (high - low) * within) * 1_000;
}

/** Returns what is drawn: rates between two looks, and latencies of requests that came between them. */
export function between(earlier, later, elapsed) {
  const rate = (name) => Math.max(0, (one(later, name) - one(earlier, name)) / elapsed);
  const latency = (routes, share) => quantile(buckets(earlier, routes), buckets(later, routes), share);
  return {
    accepted: rate('tidal_signals_accepted_total'),
    throttled: rate('tidal_signals_throttled_total'),
    write50: latency(WRITES, 0.5),
    write99: latency(WRITES, 0.99),
    read50: latency(READS, 0.5),
    read99: latency(READS, 0.99),
    lagRecords: one(later, 'tidal_replication_lag_records'),
    lagSeconds: one(later, 'tidal_replication_lag_seconds'),
  };
}

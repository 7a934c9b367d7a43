// Figures as people read them; null is a dash.

const NUMBER = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(Number(value))) {
    return '–';
  }
  return Math.abs(value) >= 100_000 ? SHORT.format(value) : NUMBER.format(value);
}

export function bytes(value) {
  if (value === null || value === undefined) {
    return '–';
  }
  let rest = Number(value);
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (rest < 1024) {
      return `${NUMBER.format(rest)} ${unit}`;
    }
    rest /= 1024;
  }
  return `${NUMBER.format(rest)} TiB`;
}

export function millis(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return '–';
  }
  if (value < 0) {
    return 'not heard of';
  }
  if (value < 1_000) {
    return `${value < 10 ? NUMBER.format(value) : Math.round(value)} ms`;
  }
  return seconds(value / 1_000);
}

export function seconds(value) {
  if (value === null || value === undefined) {
    return '–';
  }
  if (value < 60) {
    return `${NUMBER.format(value)} s`;
  }
  if (value < 3_600) {
    return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  }
  return `${Math.floor(value / 3_600)} h ${Math.round((value % 3_600) / 60)} min`;
}

export function clock(date) {
  return date.toLocaleTimeString('en-GB');
}

/** What n things are called. */
export function count(n, one, many = `${one}s`) {
  return `${number(n)} ${n === 1 ? one : many}`;
}

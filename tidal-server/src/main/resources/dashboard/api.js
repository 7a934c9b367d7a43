// The node's public HTTP interface. The token lives in this tab's session storage and in the header of requests, nowhere else.

const KEY = 'tidal.token';

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? '',
  set: (text) => sessionStorage.setItem(KEY, text),
  clear: () => sessionStorage.removeItem(KEY),
};

/** A request that was not done; status 0 if the node could not be reached. */
export class Refused extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

async function send(method, path, body, signal) {
  const headers = {};
  if (token.get()) {
    headers.Authorization = `Bearer ${token.get()}`;
  }
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  let response;
  try {
    response = await fetch(path, {
      method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store', credentials: 'omit',
    });
  } catch (failure) {
    throw new Refused(0, 'UNREACHABLE', 'the node does not answer');
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, problem.code ?? '', problem.detail ?? `status ${response.status}`);
  }
  return response;
}

export async function call(method, path, body) {
  const response = await send(method, path, body, AbortSignal.timeout(30_000));
  return response.json();
}

export async function text(path) {
  const response = await send('GET', path, undefined, AbortSignal.timeout(30_000));
  return response.text();
}

/** Hands each event to a function until the stream ends. EventSource would not do: it sends no token. */
export async function events(path, hear) {
  const response = await send('GET', path);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    buffer += value;
    const parts = buffer.split(/\r?\n\r?\n/);
    buffer = parts.pop();
    parts.forEach((part) => {
      const event = parse(part);
      if (event) {
        hear(event);
      }
    });
  }
}

function parse(part) {
  let name = 'message';
  let data = '';
  for (const line of part.split(/\r?\n/)) {
    if (line.startsWith('event:')) {
      name = line.slice(6).trim();
    } else if (line.startsWith('data:')) {
      data += line.slice(5);
    }
  }
  return data ? { name, data: JSON.parse(data) } : null;
}

// Sends files: small ones in one request, large ones in parts, so that a cut connection costs one part and an upload that
// stopped continues where it was, also in another tab with the same file.

import { ApiError, request, send, sleep, tokenOf } from '../api.js';

/** Longest pause before a part is sent again, in seconds. */
const LONGEST_PAUSE = 15;

/**
 * Sends `files` (`[{file, role}]`) to a job. `onProgress({sent, total, kept, waiting})` in bytes: `kept` arrived in an earlier
 * attempt, `waiting` seconds until the next attempt after a cut. Throws `ApiError`; `ABORTED` after `signal`.
 */
export async function sendFiles(jobId, files, { threshold, signal, onProgress }) {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  if (!threshold || total < threshold) return asForm(jobId, files, { signal, onProgress });
  return new Sessions(jobId, files, { total, signal, onProgress }).run();
}

function asForm(jobId, files, { signal, onProgress }) {
  const form = new FormData();
  for (const { file, role } of files) {
    form.append('file', file, file.name);
    form.append('role', role);
    form.append('filename', file.name);
  }
  return send('POST', `jobs/${encodeURIComponent(jobId)}/inputs/upload`, form, { token: tokenOf(jobId), signal, onProgress: (sent, total) => onProgress({ sent, total, kept: 0, waiting: 0 }) });
}

/** The SHA-256 of a part in hexadecimal digits; null where the page's address is not secure and browsers offer none. */
async function sha256(part) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest('SHA-256', await part.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

class Sessions {
  constructor(jobId, files, { total, signal, onProgress }) {
    Object.assign(this, { jobId, files, total, signal, onProgress, done: 0, kept: 0 });
  }

  ask(method, path, body) {
    return request(method, path, { token: tokenOf(this.jobId), signal: this.signal, body }).then(({ data }) => data);
  }

  tell(under_way = 0, waiting = 0) {
    this.onProgress({ sent: this.done + under_way, total: this.total, kept: this.kept, waiting });
  }

  async run() {
    this.tell();
    const inputs = `jobs/${encodeURIComponent(this.jobId)}/inputs`;
    const announced = this.files.map(({ file, role }) => ({ filename: file.name, size_bytes: file.size, role }));
    // the same files are the same bundle as long as it is open
    const bundle = await this.ask('POST', `${inputs}/bundle`, { files: announced });
    let last = null;
    for (const [i, { file_id: fileId }] of bundle.files.entries()) {
      const { upload_session_id: id } = await this.ask('POST', `${inputs}/upload-sessions`, { bundle_id: bundle.bundle_id, file_id: fileId });
      last = await this.file(`upload-sessions/${encodeURIComponent(id)}`, this.files[i].file);
    }
    return last;
  }

  async file(path, file) {
    const session = await this.ask('GET', path);
    if (session.status === 'received') { this.done += file.size; this.kept += file.size; }
    const arrived = new Map(session.parts.map((part) => [part.part_number, part]));
    for (let number = 1; session.status !== 'received' && number <= session.part_count; number += 1) {
      const part = file.slice((number - 1) * session.part_size, number * session.part_size);
      const known = arrived.get(number);
      // a name and a size do not tell files apart: what arrived before counts only with the same content
      if (known?.sha256 && known.sha256 === await sha256(part)) this.kept += part.size;
      else await this.part(`${path}/parts/${number}`, part);
      this.done += part.size;
      this.tell();
    }
    const finished = await this.ask('POST', `${path}/finalize`, {});
    if (!finished.success) throw new ApiError(409, finished, 'UPLOAD_INCOMPLETE');
    return finished;
  }

  /** Sends a part until it arrived: a lost connection or a service that is away is waited out. */
  async part(path, part) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await send('PUT', path, part, { token: tokenOf(this.jobId), signal: this.signal, onProgress: (sent) => this.tell(Math.min(sent, part.size)) });
        return;
      } catch (error) {
        if (error.code !== 'OFFLINE' && !(error.retryable && [408, 429, 502, 503, 504].includes(error.status))) throw error;
        const pause = error.retryAfter ?? Math.min(2 ** attempt, LONGEST_PAUSE);
        this.tell(0, pause);
        await sleep(pause * 1000, this.signal);
      }
    }
  }
}

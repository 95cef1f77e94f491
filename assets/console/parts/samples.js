// The sample data of the first page: files of the console that are uploaded like a file of the person.

import * as api from '../api.js';
import { sendFiles } from './uploading.js';

/** Uploads a sample as the data of a job that has none yet; true once it was read. */
export async function uploadSample(name, id) {
  const job = api.jobApi(id);
  if ((await job.get('')).data.inputs) return false;
  const response = await fetch(new URL(`../samples/${name}`, import.meta.url), { cache: 'no-cache', credentials: 'omit' });
  if (!response.ok) throw new api.ApiError(response.status, null, `HTTP_${response.status}`);
  const file = new File([await response.blob()], name);
  return (await sendFiles(id, [{ file, role: 'primary_dataset' }], { onProgress: () => { /* small */ } })).status !== 202;
}

// The language model's simulator beside the service: a process that answers from a script.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';

/** Starts it with settings (TOML) until the specs of the file end; returns the settings of a service that asks it. */
export async function simulated(toml) {
  const folder = mkdtempSync(join(tmpdir(), 'ss-model-'));
  writeFileSync(join(folder, 'simulator.toml'), toml);
  const program = join(dirname(process.env.SS_BROWSER_PROGRAM), 'llm-simulator');
  const args = ['--listen', '127.0.0.1:0', '--key', 'spec-key', '--config', join(folder, 'simulator.toml')];
  const simulator = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  after(() => {
    simulator.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });
  const [line] = await once(simulator.stdout, 'data');
  const { address } = JSON.parse(String(line).split('\n')[0]);
  return { SS_LLM__PROVIDER: 'openai', SS_LLM__BASE_URL: `http://${address}/v1`, SS_LLM__API_KEY: 'spec-key', SS_LLM__MODEL: 'simulated' };
}

/** A script: to a prompt with these words it gives these answers in turn. */
export function script(words, ...answers) {
  return `[[scripts]]\ncontains = '${words}'\nanswers = [${answers.map((a) => `'''${a}'''`).join(', ')}]\n`;
}

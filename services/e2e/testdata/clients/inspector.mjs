// The command line of the MCP Inspector lists and calls every tool of carapi.
//
// Usage: inspector.mjs URL KEY COMMAND [ARGUMENT...]
// URL and KEY are those of a server over HTTP; COMMAND starts a server on standard input and output.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import packages from './package.json' with { type: 'json' };
import { checkTools } from './tools.mjs';

// Exit codes of the Inspector.
const done = 0;
const authRequired = 3;
const toolIsError = 5;

const [url, key, ...command] = process.argv.slice(2);
const home = await mkdtemp(join(tmpdir(), 'inspector-')); // where the Inspector keeps its files

// run starts the Inspector once, and returns its exit code and what it printed.
function run(options, target) {
  const program = join(import.meta.dirname, 'node_modules/.bin/mcp-inspector');
  const args = ['--cli', '--format', 'json', '--stored-auth-only', ...options, ...target];
  return new Promise((resolve) => {
    execFile(program, args, { env: { PATH: process.env.PATH, HOME: home }, maxBuffer: 1 << 24 },
      (error, stdout, stderr) => resolve({ code: error?.code ?? done, stdout, stderr }));
  });
}

function overHTTP(sentKey) {
  return ['--header', `X-API-Key: ${sentKey}`, '--transport', 'http', '--server-url', `${url}/mcp`];
}

function session(target) {
  return {
    async list() { // strict finds errors in the schemas of tools that are legal but not portable
      const { code, stdout, stderr } = await run(['--method', 'tools/list', '--strict'], target);
      assert.equal(code, done, stderr);
      return JSON.parse(stdout).result.tools;
    },

    async call(name, args) {
      const options = ['--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(args)];
      const { code, stdout, stderr } = await run(options, target);
      assert.ok([done, toolIsError].includes(code), stderr);
      const { result } = JSON.parse(stdout);
      assert.equal(code === toolIsError, result.isError === true, stdout);
      return result;
    },
  };
}

try {
  for (const era of ['legacy', 'modern']) { // the protocol with a handshake, and the one without
    for (const target of [overHTTP(key), ['--', ...command]]) {
      await checkTools(session(['--protocol-era', era, ...target]));
    }
  }

  const { code, stderr } = await run(['--method', 'tools/list'], overHTTP('wrong'));
  assert.equal(code, authRequired, stderr);
} finally {
  await rm(home, { recursive: true, force: true });
}

const version = packages.dependencies['@modelcontextprotocol/inspector'];
console.log(`@modelcontextprotocol/inspector ${version}, protocols legacy and modern, HTTP and stdio`);

// The command line of the MCP Inspector lists and calls every tool of carapi, and does so again with the configuration
// files of carapi's page.
//
// Usage: inspector.mjs URL KEY COMMAND [ARGUMENT...]
// URL and KEY are those of a server over HTTP; COMMAND starts a server on standard input and output. Its arguments
// contain the path of carapi and DB_PATH=FILE.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

// pageConfigs writes the configuration files of carapi's page, with the server, key, program and file of this test, and
// returns their paths.
async function pageConfigs() {
  const page = await readFile(join(import.meta.dirname, '../../../carapi/README.md'), 'utf8');
  const program = command.find((argument) => argument.endsWith('/carapi'));
  const database = command.find((argument) => argument.startsWith('DB_PATH=')).slice('DB_PATH='.length);
  const configs = [...page.matchAll(/```json\n(\{"mcpServers".*?)```/gs)].map(([, config]) => config
    .replace('https://cars.example.com', url).replace('THE_KEY', key)
    .replace('"command": "carapi"', `"command": ${JSON.stringify(program)}`).replace('/data/carstock.db', database));
  assert.equal(configs.length, 2);

  return Promise.all(configs.map(async (config, i) => {
    const path = join(home, `mcp${i}.json`);
    await writeFile(path, config);
    return path;
  }));
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

  for (const config of await pageConfigs()) {
    await checkTools(session(['--config', config, '--server', 'cars']));
  }

  const { code, stderr } = await run(['--method', 'tools/list'], overHTTP('wrong'));
  assert.equal(code, authRequired, stderr);
} finally {
  await rm(home, { recursive: true, force: true });
}

const version = packages.dependencies['@modelcontextprotocol/inspector'];
console.log(`@modelcontextprotocol/inspector ${version}, protocols legacy and modern, HTTP, stdio, files`);

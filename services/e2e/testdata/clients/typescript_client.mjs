// The official TypeScript client of the Model Context Protocol lists and calls every tool of carapi.
//
// Usage: typescript_client.mjs URL KEY COMMAND [ARGUMENT...]
// URL and KEY are those of a server over HTTP; COMMAND starts a server on standard input and output.
import assert from 'node:assert/strict';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import packages from './package.json' with { type: 'json' };
import { checkTools } from './tools.mjs';

const [url, key, command, ...args] = process.argv.slice(2);

function overHTTP(sentKey) {
  const requestInit = { headers: { 'X-API-Key': sentKey } };
  return new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit });
}

async function connect(transport) {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  return client;
}

for (const transport of [overHTTP(key), new StdioClientTransport({ command, args })]) {
  const client = await connect(transport);
  await checkTools({
    list: async () => (await client.listTools()).tools,
    // The client validates the answer by the tool's output schema.
    call: (name, args) => client.callTool({ name, arguments: args }),
  });
  await client.close();
}

await assert.rejects(connect(overHTTP('wrong')), { code: 401 });

console.log(`@modelcontextprotocol/sdk ${packages.dependencies['@modelcontextprotocol/sdk']}, HTTP and stdio`);

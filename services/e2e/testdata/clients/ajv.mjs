// Ajv compiles every schema of the tools, and validates what the tools answer and take.
//
// Usage: ajv.mjs URL KEY
import assert from 'node:assert/strict';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import packages from './package.json' with { type: 'json' };
import { fitted } from './tools.mjs';

const [url, key] = process.argv.slice(2);
const requestInit = { headers: { 'X-API-Key': key } };

// Strict but for one rule: a value that may be null has two types.
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);

let compiled = 0;
let validated = 0;

function compile(schema, name) {
  try {
    compiled++;
    return ajv.compile(schema);
  } catch (error) {
    throw new Error(`${name}: ${error.message}`);
  }
}

function validate(validator, value, name) {
  validated++;
  assert.ok(validator(value), `${name}: ${ajv.errorsText(validator.errors)}: ${JSON.stringify(value).slice(0, 1000)}`);
}

const client = new Client({ name: 'test', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
const tools = {};
for (const { name, inputSchema, outputSchema } of (await client.listTools()).tools) {
  const input = compile(inputSchema, `the input of ${name}`);
  tools[name] = { inputSchema, input, output: compile(outputSchema, `the output of ${name}`) };
}

// answer returns the answer of a tool after validating it.
async function answer(name, args) {
  const { content, isError, structuredContent } = await client.callTool({ name, arguments: args });
  const call = `${name} ${JSON.stringify(args)}`;
  assert.ok(!isError, `${call}: ${content[0].text}`);
  validate(tools[name].output, structuredContent, `the answer to ${call}`);
  return structuredContent;
}

// fittedAnswer calls a tool with arguments in the types of its schema.
function fittedAnswer(name, args) {
  const { inputSchema, input } = tools[name];
  const fitting = fitted(args, inputSchema);
  validate(input, fitting, `the arguments of ${name}`);
  return answer(name, fitting);
}

// Whole pages, what is found and not found, and what is read otherwise than written.
await answer('describe_inventory', {});
const first = await fittedAnswer('search_cars', { limit: 100 });
if (tools.search_cars.inputSchema.properties.cursor) {
  await fittedAnswer('search_cars', { limit: 100, cursor: first.next_cursor });
}
await fittedAnswer('search_cars', { make: 'Toyota', model: 'Camry', limit: 3, sort: 'price' });
await fittedAnswer('search_cars', { make: 'Toyota', model: 'F-150' });
await answer('search_cars', fitted({ make: 'Toyta', model: 'camri' }, tools.search_cars.inputSchema));
await answer('search_cars', fitted({ make: 'Octarine' }, tools.search_cars.inputSchema));
for (const { id } of first.cars) await fittedAnswer('get_car', { id });
for (const { id } of first.cars) await fittedAnswer('get_car', { id, comparables: true });
await fittedAnswer('market_report', {});
await fittedAnswer('market_report', { by: 'make,price:5000', year: '2020+' });

// In OpenAI's strict mode a model writes every property in each call, and null where it asks for nothing.
for (const form of ['responses', 'chat']) {
  const response = await fetch(`${url}/tools/openai.json?format=${form}`);
  for (const tool of (await response.json()).tools) {
    const { name, parameters } = tool.function ?? tool;
    const validator = compile(parameters, `the parameters of ${name}`);
    const given = name === 'get_car' ? fitted({ id: first.cars[0].id }, parameters) : {};
    const args = Object.fromEntries(parameters.required.map((property) => [property, given[property] ?? null]));
    validate(validator, args, `the arguments of ${name}`);
    await answer(name, args);
  }
}

await client.close();

console.log(`ajv ${packages.dependencies.ajv}, ${compiled} schemas compiled, ${validated} values validated`);

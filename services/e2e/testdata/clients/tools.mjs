// checkTools lists and calls all tools of carapi, and throws if an answer is not what it should be. A client passes
// list, which returns the tools, and call, which returns the result of a call.
import assert from 'node:assert/strict';

export async function checkTools({ list, call }) {
  const tools = Object.fromEntries((await list()).map((tool) => [tool.name, tool]));
  assert.deepEqual(Object.keys(tools).sort(), ['describe_inventory', 'get_car', 'market_report', 'search_cars']);
  for (const tool of Object.values(tools)) assert.ok(tool.description && tool.outputSchema, excerpt(tool));

  async function answer(name, args) {
    const result = await call(name, fitted(args, tools[name].inputSchema));
    assert.ok(!result.isError, excerpt([name, args, result]));
    assert.deepEqual(result.structuredContent, JSON.parse(result.content[0].text));
    return result.structuredContent;
  }

  const { cars } = await answer('search_cars', { make: 'Toyota', model: 'Camry', limit: 3, sort: 'price' });
  assert.deepEqual(cars.map((car) => `${car.make} ${car.model}`), Array(3).fill('Toyota Camry'));
  const prices = cars.map((car) => car.price);
  assert.deepEqual(prices, prices.toSorted((a, b) => a - b));

  for (const car of cars) {
    const byID = await answer('get_car', { id: car.id });
    for (const name of ['id', 'make', 'model', 'price']) assert.equal(byID[name], car[name]);
    const byVIN = await answer('get_car', { vin: byID.vin });
    for (const name of ['id', 'vin']) assert.equal(byVIN[name], byID[name]);
  }

  const compared = await answer('get_car', { id: cars[0].id, comparables: true });
  assert.ok(compared.id === cars[0].id && compared.comparables.count > 0, excerpt(compared));
  const { groups } = await answer('market_report', { by: 'model', make: 'Toyota' });
  assert.ok(groups.every((group) => group.model && group.count > 0 && group.fields.price), excerpt(groups));

  const names = (await answer('describe_inventory', {})).fields.map((field) => field.name);
  for (const name of ['make', 'model', 'price']) assert.ok(names.includes(name), `${name} is not in ${names}`);

  for (const [name, args, named] of [
    ['search_cars', { colr: 'red' }, 'colr'],
    ['search_cars', { limit: 0 }, 'limit'],
    ['get_car', { id: 'no-such-car' }, 'no-such-car'],
    ['describe_inventory', { colr: 'red' }, 'describe_inventory'],
  ]) {
    const refused = await call(name, args);
    assert.ok(refused.isError && refused.content[0].text.includes(named), excerpt([name, args, refused]));
  }
}

// fitted returns arguments as a schema takes them: as text if it takes text, otherwise in a list if it takes lists.
export function fitted(args, schema) {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => {
    const property = schema.properties[name];
    const types = (property.anyOf ?? [property]).flatMap((branch) => branch.type);
    if (types.includes('string')) return [name, String(value)];
    return [name, types.includes('array') ? [value] : value];
  }));
}

// excerpt returns the beginning of a value as JSON, for the message of a failure.
function excerpt(value) {
  return JSON.stringify(value).slice(0, 1000);
}

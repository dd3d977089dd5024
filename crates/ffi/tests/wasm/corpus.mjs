// Holds the C library as a WebAssembly module against case files, as `eventsieve test` does natively:
//
//     node corpus.mjs eventsieve_ffi.wasm DIRECTORY...
//
// Ends with 1 if a case fails, with 2 if a file cannot be read. `.ci/wasm` builds the module and runs this.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parts, readCases } from './cases.mjs';
import { Library, UNLIMITED } from './eventsieve.mjs';

/** Files whose patterns the service's limit on wildcards would refuse. */
const WITHOUT_LIMIT = ['reference-complex-wildcards.ndjson'];

/** The service's answer to an event it cannot take. */
const INVALID_EVENT = 'Parameter Event is not valid.';

/** Where an envelope of a source holds its records. */
const MEMBERS = {
  sqs: 'Records', kinesis: 'Records', dynamodb: 'Records', msk: 'records', kafka: 'records', activemq: 'messages',
  rabbitmq: 'rmqMessagesByQueue', documentdb: 'events',
};

/** An answer that differs from the one that is expected. */
class Difference extends Error {
  constructor(expected, got, detail = '') {
    super(`    expected: ${expected}\n    got:      ${got}\n${detail.replace(/^(?=.)/gm, '        ')}`.trimEnd());
  }
}

/** Calls `body` with a sieve of the criteria, or with the errors, and frees them. */
function withSieve(library, criteria, options, body) {
  return library.lend(() => {
    const { sieve, errors } = library.compile(criteria, options);
    const scratch = sieve ? library.scratch(sieve) : 0;
    try {
      return body({ sieve, scratch, errors });
    } finally {
      library.c.eventsieve_scratch_free(scratch);
      library.c.eventsieve_sieve_free(sieve);
      library.c.eventsieve_errors_free(errors);
    }
  });
}

/** The verdicts of records, together, one by one, and by a program that was stored and loaded. */
function evaluate(library, sieve, scratch, records) {
  const verdicts = library.evaluate(sieve, scratch, records);
  const single = records.flatMap((record) => library.evaluate(sieve, scratch, [record]));
  if (`${single}` !== `${verdicts}`) throw new Difference(`${verdicts}, as in a batch`, `${single}, one by one`);
  const loaded = library.reload(sieve);
  const scratchOfLoaded = library.scratch(loaded);
  const again = library.evaluate(loaded, scratchOfLoaded, records);
  library.c.eventsieve_scratch_free(scratchOfLoaded);
  library.c.eventsieve_sieve_free(loaded);
  if (`${again}` !== `${verdicts}`) throw new Difference(`${verdicts}, as compiled`, `${again}, by the loaded program`);
  return verdicts;
}

function numberOf(names, name) {
  if (!names.has(name)) throw new Difference(`one of ${[...names.keys()].join(', ')}`, name);
  return names.get(name);
}

function runPattern(library, { dialect, pattern, event, expect, awsMessage }, complexityLimit) {
  const criteria = JSON.stringify({ Filters: [{ Pattern: pattern }] });
  const options = { source: library.sources.get('raw'), dialect: numberOf(library.dialects, dialect), complexityLimit };
  withSieve(library, criteria, options, ({ sieve, scratch, errors }) => {
    let answer = 'a valid pattern, and no event to try';
    let message;
    if (errors) {
      answer = 'invalid-pattern';
      message = library.awsMessage(errors);
    } else if (event !== undefined) {
      const [verdict] = evaluate(library, sieve, scratch, [event]);
      if (verdict === 'malformed') message = INVALID_EVENT;
      answer = verdict === 'malformed' ? 'invalid-event' : verdict;
    }
    const detail = () => (errors ? library.draw(errors) : '');
    if (answer !== expect) throw new Difference(expect, answer, detail());
    if (awsMessage !== undefined && message !== awsMessage) throw new Difference(awsMessage, message, detail());
  });
}

/** The records of an envelope, each with its topic or queue, and all else. */
function taken(event, member) {
  const members = parts(event);
  const lists = members.filter(([key, text]) => key === member && /^[[{]/.test(text)).map(([, text]) => text);
  const records = lists.flatMap((text) =>
    (text.startsWith('[') ? [['', text]] : parts(text)).flatMap(([topic, list]) =>
      parts(list).map(([, record]) => ({ topic, record }))));
  return { records, rest: members.filter(([key]) => key !== member) };
}

function runMapping(library, { source, dialect, criteria, envelope, records, expect }, complexityLimit) {
  const expected = `delivered ${JSON.stringify(expect)}`;
  const options = {
    source: numberOf(library.sources, source), dialect: numberOf(library.dialects, dialect), complexityLimit,
  };
  withSieve(library, criteria, options, ({ sieve, scratch, errors }) => {
    if (errors) throw new Difference(expected, 'invalid criteria', library.draw(errors));
    const before = envelope === undefined ? undefined : taken(envelope, MEMBERS[source]);
    const list = before?.records.map(({ record }) => record) ?? records;
    const verdicts = evaluate(library, sieve, scratch, list);
    const delivered = [...verdicts.keys()].filter((record) => verdicts[record] === 'match');
    if (`${delivered}` !== `${expect}`) throw new Difference(expected, `delivered ${JSON.stringify(delivered)}`);
    if (before === undefined) return;

    // The same of the whole event: only what is not delivered has gone, the rest is as it was written.
    const { kept, text } = library.filterEnvelope(sieve, scratch, envelope);
    let wanted = 'some';
    if (expect.length === 0) wanted = 'nothing';
    else if (expect.length === list.length) wanted = 'everything';
    if (kept !== wanted) throw new Difference(`an event of which ${wanted} is kept`, kept);
    if (kept !== 'some') return;
    const left = JSON.stringify(taken(text, MEMBERS[source]));
    const expectedLeft = JSON.stringify({ ...before, records: expect.map((record) => before.records[record]) });
    if (left !== expectedLeft) throw new Difference(expectedLeft, left, text);
  });
}

function runFile(library, path, name) {
  const tally = { passed: 0, failed: 0, skipped: 0 };
  const skipped = new Map();
  const complexityLimit = WITHOUT_LIMIT.includes(name) ? UNLIMITED : 0;
  for (const row of readCases(path, readFileSync(path, 'utf8'))) {
    if (row.skipped !== undefined) {
      tally.skipped += 1;
      skipped.set(row.skipped, (skipped.get(row.skipped) ?? 0) + 1);
      continue;
    }
    try {
      (row.pattern === undefined ? runMapping : runPattern)(library, row, complexityLimit);
      tally.passed += 1;
    } catch (error) {
      // A trap leaves the module in no state to go on with.
      if (error instanceof WebAssembly.RuntimeError) {
        throw new Error(`${path}: ${row.place}: ${row.name}: ${error.message}`, { cause: error });
      }
      tally.failed += 1;
      console.log(`${path}: ${row.place}: ${row.name}\n${error.message}\n`);
    }
  }
  for (const [reason, count] of skipped) console.log(`${path}: ${count} skipped: ${reason}`);
  console.log(`${path}: ${told(tally)}`);
  return tally;
}

function told({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** What bounds the stack, which here is one megabyte: the deepest pattern that is legal. */
function runDeepPattern(library) {
  const nested = (depth) => `${'{"a":'.repeat(depth - 1)}[1]${'}'.repeat(depth - 1)}`;
  const options = { source: library.sources.get('raw'), dialect: library.dialects.get('eventbridge'), complexityLimit: 0 };
  const compiles = (depth) => withSieve(library, nested(depth), options, ({ errors }) => !errors);
  if (!compiles(1000) || compiles(1001)) throw new Error('patterns may be nested 1000 deep, and no deeper');
}

function main([module, ...directories]) {
  if (module === undefined || directories.length === 0) {
    console.error('usage: node corpus.mjs eventsieve_ffi.wasm DIRECTORY...');
    return 2;
  }
  const library = new Library(module);
  console.log(`eventsieve ${library.version}`);
  runDeepPattern(library);
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const directory of directories) {
    const names = readdirSync(directory).filter((name) => name.endsWith('.ndjson')).sort();
    if (names.length === 0) throw new Error(`${directory}: no case files`);
    for (const name of names) {
      const tally = runFile(library, join(directory, name), name);
      for (const what of Object.keys(total)) total[what] += tally[what];
    }
  }
  console.log(told(total));
  return total.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}

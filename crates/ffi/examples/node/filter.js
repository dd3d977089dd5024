// Filters a batch of records in Node, by way of koffi.
//
//     npm ci && EVENTSIEVE_LIBRARY=PREFIX/lib/libeventsieve.so.0 node filter.js ../batch
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const koffi = require('koffi');

const library = koffi.load(process.env.EVENTSIEVE_LIBRARY || 'libeventsieve.so.0');

koffi.opaque('eventsieve_sieve');
koffi.opaque('eventsieve_scratch');
koffi.opaque('eventsieve_errors');
koffi.struct('eventsieve_slice', { data: 'uintptr_t', len: 'size_t' });
const CompileOptions = koffi.struct('eventsieve_compile_options', {
  size: 'size_t', source: 'uint32_t', dialect: 'uint32_t', strict: 'uint32_t', checks: 'uint32_t',
  complexity_limit: 'uint32_t', reserved: 'uint32_t',
});
const Answers = koffi.struct('eventsieve_answers', {
  size: 'size_t', verdicts: 'uint8_t *', verdicts_len: 'size_t', filters: 'uint64_t *', filters_len: 'size_t',
  reasons: 'uint8_t *', reasons_len: 'size_t', record_len: 'size_t', matched_len: 'size_t',
});

const c = Object.fromEntries([
  'uint32_t eventsieve_status_name(uint32_t status, _Out_ eventsieve_slice *name_out)',
  'uint32_t eventsieve_sieve_compile(const uint8_t *criteria, size_t criteria_len, const eventsieve_compile_options ' +
    '*options, _Out_ eventsieve_sieve **sieve_out, _Out_ eventsieve_errors **errors_out)',
  'void eventsieve_sieve_free(eventsieve_sieve *sieve)',
  'uint32_t eventsieve_errors_draw(const eventsieve_errors *errors, size_t index, const uint8_t *name, ' +
    'size_t name_len, _Out_ uint8_t *buffer, size_t buffer_len, _Out_ size_t *needed_out)',
  'void eventsieve_errors_free(eventsieve_errors *errors)',
  'uint32_t eventsieve_scratch_new(const eventsieve_sieve *sieve, _Out_ eventsieve_scratch **scratch_out)',
  'void eventsieve_scratch_free(eventsieve_scratch *scratch)',
  'uint32_t eventsieve_sieve_evaluate_offsets32(const eventsieve_sieve *sieve, eventsieve_scratch *scratch, ' +
    'const uint8_t *data, size_t data_len, const int32_t *offsets, size_t offsets_len, ' +
    '_Inout_ eventsieve_answers *answers)',
].map((declaration) => [/(eventsieve_\w+)\(/.exec(declaration)[1], library.func(declaration)]));

const ALL = 2n ** 64n - 1n; // EVENTSIEVE_ALL

function expectOk(status) {
  if (status !== 0) {
    const name = {};
    c.eventsieve_status_name(status, name);
    throw new Error(koffi.decode(name.data, koffi.array('char', Number(name.len))));
  }
}

/** Criteria ready to run, and the memory to do so: JavaScript has one thread. */
class Sieve {
  constructor(criteria, { source = 0, checks = 0 } = {}) {
    const [sieve, errors, scratch] = [[null], [null], [null]];
    const options = {
      size: koffi.sizeof(CompileOptions), source, dialect: 0, strict: 0, checks, complexity_limit: 0, reserved: 0,
    };
    const status = c.eventsieve_sieve_compile(criteria, criteria.length, options, sieve, errors);
    if (errors[0] !== null) {
      const needed = [0];
      c.eventsieve_errors_draw(errors[0], ALL, null, 0, null, 0, needed);
      const text = Buffer.alloc(Number(needed[0]));
      c.eventsieve_errors_draw(errors[0], ALL, null, 0, text, text.length, needed);
      c.eventsieve_errors_free(errors[0]);
      throw new SyntaxError(text.toString());
    }
    expectOk(status);
    this.sieve = sieve[0];
    expectOk(c.eventsieve_scratch_new(this.sieve, scratch));
    this.scratch = scratch[0];
  }

  /** Verdicts of the records that lie in `data` from offsets[i] up to offsets[i + 1]. One call a batch. */
  evaluate(data, offsets) {
    const verdicts = Buffer.alloc(offsets.length - 1);
    const answers = {
      size: koffi.sizeof(Answers), verdicts, verdicts_len: verdicts.length, filters: null, filters_len: 0,
      reasons: null, reasons_len: 0, record_len: 0, matched_len: 0,
    };
    expectOk(c.eventsieve_sieve_evaluate_offsets32(
      this.sieve, this.scratch, data, data.length, offsets, offsets.length, answers));
    return { verdicts, matched: Number(answers.matched_len) };
  }

  close() {
    c.eventsieve_scratch_free(this.scratch);
    c.eventsieve_sieve_free(this.sieve);
    this.sieve = this.scratch = null;
  }
}

const folder = process.argv[2] || path.join(__dirname, '../batch');
const data = fs.readFileSync(path.join(folder, 'records.ndjson'));
const offsets = [0]; // where lines begin, and the end; a line ending is white space to JSON
while (offsets.at(-1) < data.length) {
  const end = data.indexOf('\n', offsets.at(-1));
  offsets.push(end < 0 ? data.length : end + 1);
}

const sieve = new Sieve(fs.readFileSync(path.join(folder, 'criteria.json')), { checks: 1 });
const { verdicts, matched } = sieve.evaluate(data, Int32Array.from(offsets));
sieve.close();
console.log(`node: ${matched} of ${verdicts.length} records match`);
if ([...verdicts].join('\n') + '\n' !== fs.readFileSync(path.join(folder, 'verdicts.txt'), 'utf8')) {
  throw new Error('other verdicts were expected');
}

// A mistake in the criteria says where it is.
try {
  new Sieve(Buffer.from('{"city": [{"begins-with": "Gh"}]}'));
  throw new Error('a mistake in the criteria was not told');
} catch (error) {
  if (!(error instanceof SyntaxError && error.message.includes('begins-with'))) throw error;
}

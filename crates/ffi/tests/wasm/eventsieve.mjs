// The C library as a WebAssembly module: what `eventsieve.h` declares, with pointers and sizes of 32 bits.
//
// The library exports no function that allocates, and needs none: whoever calls it owns every buffer. Here these lie in
// pages that are added to the module's memory, which the library's own allocator leaves alone.

import { readFileSync } from 'node:fs';

export const OK = 0;
export const INVALID_CRITERIA = 1;
export const VERDICTS = ['no-match', 'match', 'malformed'];
export const KEPT = ['nothing', 'some', 'everything'];
export const UNLIMITED = 0xffffffff;

const CHECKS_EVERY = 1;
const PAGE = 65536;
// `sizeof` of the structs.
const COMPILE_OPTIONS = 28;
const RUN_OPTIONS = 12;
const ANSWERS = 36;
const ERROR = 80;
// `offsetof(eventsieve_error, aws_message)`.
const AWS_MESSAGE = 28;

/** A status that is no answer. */
export class StatusError extends Error {}

export class Library {
  constructor(path) {
    // No imports: the library does nothing that the host would have to do for it.
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), {});
    this.c = exports;
    // Room for arguments: `from` up to `to`, taken up to `at`.
    this.from = this.at = this.to = 0;
    this.sources = this.#names('eventsieve_source_name');
    this.dialects = this.#names('eventsieve_dialect_name');
  }

  get version() {
    const bytes = this.#bytes();
    const at = this.c.eventsieve_version() >>> 0;
    return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }

  /** Calls `body`; whatever was taken for its arguments is free again thereafter. */
  lend(body) {
    try {
      return body();
    } finally {
      this.at = this.from;
    }
  }

  /** Compiles criteria: `{ sieve }`, or `{ errors }` if they are invalid. Every record is proved. */
  compile(criteria, { source, dialect, complexityLimit }) {
    const text = this.#put(criteria);
    const options = this.#numbers([COMPILE_OPTIONS, source, dialect, 0, CHECKS_EVERY, complexityLimit, 0]);
    const out = this.#numbers([0, 0]);
    const status = this.c.eventsieve_sieve_compile(text.at, text.len, options, out, out + 4);
    if (status === INVALID_CRITERIA) return { errors: this.#number(out + 4) };
    this.#expectOk(status);
    return { sieve: this.#number(out) };
  }

  /** The sieve of a program that is loaded from the bytes of another's. */
  reload(sieve) {
    const out = this.#numbers([0, 0]);
    const options = this.#numbers([RUN_OPTIONS, CHECKS_EVERY, 0]);
    this.#expectOk(this.c.eventsieve_sieve_program(sieve, out));
    const program = this.#number(out);
    this.#expectOk(this.c.eventsieve_program_bytes(program, out));
    this.#expectOk(this.c.eventsieve_program_from_bytes(this.#number(out), this.#number(out + 4), out, 0));
    const loaded = this.#number(out);
    this.#expectOk(this.c.eventsieve_sieve_from_program(loaded, options, out));
    this.c.eventsieve_program_free(program);
    this.c.eventsieve_program_free(loaded);
    return this.#number(out);
  }

  /** The text that EventBridge answers with: that of the first error. */
  awsMessage(errors) {
    const error = this.#take(ERROR);
    this.#view().setUint32(error, ERROR, true);
    this.#expectOk(this.c.eventsieve_errors_get(errors, 0, error));
    return this.#slice(error + AWS_MESSAGE);
  }

  /** All errors, drawn. */
  draw(errors) {
    const needed = this.#numbers([0]);
    this.c.eventsieve_errors_draw(errors, UNLIMITED, 0, 0, 0, 0, needed);
    const len = this.#number(needed);
    const at = this.#take(len);
    this.#expectOk(this.c.eventsieve_errors_draw(errors, UNLIMITED, 0, 0, at, len, needed));
    return new TextDecoder().decode(this.#bytes().subarray(at, at + len));
  }

  scratch(sieve) {
    const out = this.#numbers([0]);
    this.#expectOk(this.c.eventsieve_scratch_new(sieve, out));
    return this.#number(out);
  }

  /** The verdicts of records, each by its name. */
  evaluate(sieve, scratch, records) {
    const slices = this.#numbers(records.flatMap((record) => {
      const { at, len } = this.#put(record);
      return [at, len];
    }));
    const verdicts = this.#take(records.length);
    const answers = this.#numbers([ANSWERS, verdicts, records.length, 0, 0, 0, 0, 0, 0]);
    this.#expectOk(this.c.eventsieve_sieve_evaluate_slices(sieve, scratch, slices, records.length, answers));
    return Array.from(this.#bytes().subarray(verdicts, verdicts + records.length), (verdict) => VERDICTS[verdict]);
  }

  /** What is left of an event: an `eventsieve_kept` by its name and, if that is `some`, the text. */
  filterEnvelope(sieve, scratch, event) {
    const { at, len } = this.#put(event);
    const buffer = this.#take(len);
    const out = this.#numbers([0, 0]);
    this.#expectOk(
      this.c.eventsieve_sieve_filter_envelope(sieve, scratch, at, len, buffer, len, out, out + 4, 0));
    const [needed, kept] = [this.#number(out), KEPT[this.#number(out + 4)]];
    const text = new TextDecoder().decode(this.#bytes().subarray(buffer, buffer + needed));
    return kept === 'some' ? { kept, text } : { kept };
  }

  #expectOk(status) {
    if (status === OK) return;
    const out = this.#numbers([0, 0]);
    const known = this.c.eventsieve_status_name(status, out) === OK;
    throw new StatusError(known ? this.#slice(out) : `status ${status}`);
  }

  /** The numbers of an enum by the names that the library gives them. */
  #names(function_) {
    return this.lend(() => {
      const out = this.#numbers([0, 0]);
      const names = new Map();
      for (let number = 0; number < 64; number++) {
        if (this.c[function_](number, out) === OK) names.set(this.#slice(out), number);
      }
      return names;
    });
  }

  // Views are made anew for each use: one of memory that has grown since is empty.
  #bytes() {
    return new Uint8Array(this.c.memory.buffer);
  }

  #view() {
    return new DataView(this.c.memory.buffer);
  }

  #number(at) {
    return this.#view().getUint32(at, true);
  }

  #slice(at) {
    const [start, len] = [this.#number(at), this.#number(at + 4)];
    return new TextDecoder().decode(this.#bytes().subarray(start, start + len));
  }

  /** Room for bytes of any type. What was taken before stays where it is. */
  #take(len) {
    const aligned = Math.ceil(this.at / 8) * 8;
    if (aligned + len > this.to) {
      const pages = Math.max(16, Math.ceil(len / PAGE));
      this.from = this.c.memory.grow(pages) * PAGE;
      this.to = this.from + pages * PAGE;
      this.at = this.from + len;
      return this.from;
    }
    this.at = aligned + len;
    return aligned;
  }

  #put(text) {
    if (/\p{Surrogate}/u.test(text)) throw new RangeError(`half a surrogate pair has no UTF-8: ${JSON.stringify(text)}`);
    const bytes = new TextEncoder().encode(text);
    const at = this.#take(bytes.length);
    this.#bytes().set(bytes, at);
    return { at, len: bytes.length };
  }

  #numbers(numbers) {
    const at = this.#take(4 * numbers.length);
    const view = this.#view();
    numbers.forEach((number, index) => view.setUint32(at + 4 * index, number, true));
    return at;
  }
}


// Case files, as `crates/cases` reads them: one case a line.

const TOKEN = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[[\]{},:]|[^\s[\]{},:"]+)/y;

/**
 * The members of an object, or the elements of a list, as they are written: pairs of key and text. `JSON.parse` would
 * change the order of keys and the spelling of numbers, which are part of what is tested. The text must be valid JSON.
 */
export function parts(text) {
  const found = [];
  let depth = 0;
  let key;
  let [start, end] = [-1, -1];
  const close = () => {
    if (start >= 0) found.push([key, text.slice(start, end)]);
    key = undefined;
    start = -1;
  };
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const [, mark] = token;
    if (mark === ']' || mark === '}') depth -= 1;
    if (depth === 0 && (mark === ']' || mark === '}')) {
      close();
      break;
    }
    if (depth === 1 && mark === ',') {
      close();
    } else if (depth === 1 && mark === ':') {
      key = JSON.parse(text.slice(start, end));
      start = -1;
    } else {
      if (depth > 0 && start < 0) start = TOKEN.lastIndex - mark.length;
      end = TOKEN.lastIndex;
      if (mark === '[' || mark === '{') depth += 1;
    }
  }
  return found;
}

const EXPECTATIONS = ['match', 'no-match', 'invalid-pattern', 'invalid-event'];

/** The cases of a file. One that is neither a pattern case nor a mapping case has the reason under `skipped`. */
export function readCases(file, text) {
  const cases = [];
  for (const [index, line] of text.replace(/^\uFEFF/, '').split('\n').entries()) {
    const row = line.trim();
    if (row === '' || row.startsWith('//')) continue;
    const place = `line ${index + 1}`;
    try {
      cases.push({ place, ...readCase(row, place) });
    } catch (error) {
      throw new SyntaxError(`${file}: ${place}: ${error.message}`);
    }
  }
  return cases;
}

function readCase(row, place) {
  JSON.parse(row);
  if (!row.startsWith('{')) throw new SyntaxError('a case is a JSON object');
  const fields = new Map(parts(row).filter(([, text]) => text !== 'null'));
  const value = (field, otherwise) => (fields.has(field) ? JSON.parse(fields.get(field)) : otherwise);
  const name = value('name', place);
  if (!fields.has('expect')) return { name, skipped: 'it has no expectation' };
  const expect = value('expect');

  if (fields.has('pattern')) {
    if (!EXPECTATIONS.includes(expect)) throw new SyntaxError(`unknown expectation ${fields.get('expect')}`);
    return {
      name,
      expect,
      dialect: value('dialect', 'eventbridge'),
      pattern: textOf('pattern', fields.get('pattern')),
      event: fields.has('event') ? textOf('event', fields.get('event')) : undefined,
      awsMessage: value('aws_message'),
    };
  }
  if (!fields.has('filter_criteria') || !fields.has('records')) {
    return { name, skipped: 'it has neither a pattern nor filter criteria with records' };
  }
  if (!Array.isArray(expect)) return { name, skipped: 'its expectation is not a list of records' };
  if (!fields.has('source')) throw new SyntaxError('a mapping case names its source');
  const records = fields.get('records');
  const isEnvelope = records.startsWith('{');
  return {
    name,
    expect,
    source: value('source'),
    dialect: value('dialect', 'lambda'),
    criteria: fields.get('filter_criteria'),
    envelope: isEnvelope ? records : undefined,
    records: isEnvelope ? undefined : parts(records).map(([, record]) => record),
  };
}

/** A text, or an object that stands for its JSON text. */
function textOf(field, text) {
  if (text.startsWith('"')) return JSON.parse(text);
  if (text.startsWith('{')) return text;
  throw new SyntaxError(`${field} is a text or an object, not ${text}`);
}

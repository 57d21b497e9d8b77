/**
 * The older system's data (any JSON value) as records of the ledger: `{voter, choice, poll?}` is a ballot, `{text}` a
 * note, everything else a note whose text begins with `json:`. Invariant: what `dataOf` reads back equals what
 * `recordOf` took, but for names that the ledger trims, the poll that it fills in, and Unicode that it composes (NFC).
 */
import { DEFAULT_POLL, type RecordView } from '../api.js'
import type { Json } from '../ledger/classic.js'
import { normaliseName, normaliseNote } from '../ledger/record.js'

/** Whether `data` may follow `existing`, the data of all records of the chain. */
export type DataCriterion = (data: Json, existing: readonly Json[]) => boolean

export type Draft =
  | { readonly kind: 'ballot'; readonly poll: string; readonly voter: string; readonly choice: string }
  | { readonly kind: 'note'; readonly text: string }

const JSON_MARK = 'json:'

/** A ballot by a voter that its poll has not seen yet. */
export const votingRule: DataCriterion = (data, existing) => {
  const draft = recordOf(data)
  if (draft?.kind !== 'ballot') return false
  return !existing.some((earlier) => {
    const other = recordOf(earlier)
    return other?.kind === 'ballot' && other.voter === draft.voter && other.poll === draft.poll
  })
}

/** Null where the ledger has no place for it: an unfit name, or too long. */
export function recordOf(data: Json): Draft | null {
  const { voter, choice, poll = DEFAULT_POLL, ...rest } = fieldsOf(data)
  if (typeof voter === 'string' && typeof choice === 'string' && typeof poll === 'string' && isEmpty(rest)) {
    const names = { poll: normaliseName(poll), voter: normaliseName(voter), choice: normaliseName(choice) }
    if (names.poll === null || names.voter === null || names.choice === null) return null
    return { kind: 'ballot', poll: names.poll, voter: names.voter, choice: names.choice }
  }
  const text = normaliseNote(noteText(data))
  return text === null ? null : { kind: 'note', text }
}

export function dataOf({ kind, data }: Pick<RecordView, 'kind' | 'data'>): Json {
  const { text } = data
  if (kind !== 'note' || !text?.startsWith(JSON_MARK)) return data
  const ours = parsed(text.slice(JSON_MARK.length))
  return ours === undefined ? data : ours
}

function noteText(data: Json): string {
  const { text, ...rest } = fieldsOf(data)
  if (typeof text === 'string' && isEmpty(rest) && !text.startsWith(JSON_MARK)) return text
  const json: string | undefined = JSON.stringify(data)
  return json === undefined ? '' : JSON_MARK + json
}

/** Undefined where somebody wrote a note that only looks like ours. */
function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fieldsOf(data: Json): Readonly<Record<string, Json>> {
  return isObject(data) ? data : {}
}

function isObject(data: Json): data is Readonly<Record<string, Json>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}

function isEmpty(fields: Readonly<Record<string, Json>>): boolean {
  return Object.keys(fields).length === 0
}

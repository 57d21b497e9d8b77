/**
 * Tab: first the beginning that all candidates share, then one after the other; the candidates stay in view meanwhile.
 * Candidates are whole lines (see `ConsoleSource.complete`).
 */

export interface Completion {
  /** As typed before the first Tab. */
  readonly typed: string
  readonly candidates: readonly string[]
  /** -1 while the shared beginning is shown. */
  readonly at: number
}

export const MAX_CANDIDATES = 64

/** The first Tab on `typed`. null where nothing fits. */
export function begin(typed: string, candidates: readonly string[]): { completion: Completion; text: string } | null {
  const some = candidates.slice(0, MAX_CANDIDATES)
  const [first] = some
  if (first === undefined) return null
  if (some.length === 1) return { completion: { typed, candidates: some, at: 0 }, text: finished(first) }
  const shared = sharedBeginning(some)
  if (shared.length > typed.length) return { completion: { typed, candidates: some, at: -1 }, text: shared }
  return { completion: { typed, candidates: some, at: 0 }, text: first }
}

/** A further Tab (1) or Shift-Tab (-1). */
export function next(completion: Completion, step: 1 | -1): { completion: Completion; text: string } {
  const { candidates, at } = completion
  const from = at === -1 && step === -1 ? 0 : at
  const index = (from + step + candidates.length) % candidates.length
  return { completion: { ...completion, at: index }, text: candidates[index] ?? completion.typed }
}

const finished = (line: string): string => (/[\s/]$/.test(line) ? line : `${line} `)

function sharedBeginning(lines: readonly string[]): string {
  let shared = lines[0] ?? ''
  for (const line of lines) {
    while (!line.toLowerCase().startsWith(shared.toLowerCase())) shared = shared.slice(0, -1)
  }
  return shared
}

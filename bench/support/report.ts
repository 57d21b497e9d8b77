/**
 * Figures against their budgets: a table for people, one JSON document with `--json`. The exit code is 1 where one falls
 * short, so that a bench can be part of a check.
 */

export interface Figure {
  readonly name: string
  readonly value: number
  /** `x` for a ratio to something measured in the same run. */
  readonly unit: string
  /** null: only for information. */
  readonly budget: number | null
  readonly better: 'less' | 'more'
  readonly note?: string
}

export function report(title: string, figures: readonly Figure[]): void {
  const rows = figures.map((figure) => ({ ...figure, passed: passed(figure) }))
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ bench: title, figures: rows })}\n`)
  else printTable(title, rows)
  process.exitCode = rows.some((row) => row.passed === false) ? 1 : 0
}

/** null where there is no budget. */
function passed({ value, budget, better }: Figure): boolean | null {
  if (budget === null) return null
  return better === 'less' ? value <= budget : value >= budget
}

function printTable(title: string, rows: readonly (Figure & { readonly passed: boolean | null })[]): void {
  const lines = rows.map(({ name, value, unit, budget, better, passed: good, note }) => [
    name,
    `${shown(value)} ${unit}`,
    budget === null ? '' : `${better === 'less' ? '<=' : '>='} ${shown(budget)} ${unit}`,
    good === null ? '' : good ? 'pass' : 'fall short',
    note ?? '',
  ])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  process.stdout.write(`${title}\n`)
  for (const line of lines) {
    const cells = line.map((cell, column) =>
      column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0),
    )
    process.stdout.write(`  ${cells.join('  ').trimEnd()}\n`)
  }
}

const shown = (value: number): string =>
  Math.abs(value) < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** The value that a share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

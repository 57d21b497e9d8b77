/** Numbers and ids as a person reads them; fixed units, short ids, columns. */
import { clip, widthOf } from '../../ui/text/cells.js'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `4.2 MB`; decimal units. */
export function size(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** `3f9a…e1` */
export function shortId(id: string): string {
  return id.length <= 8 ? id : `${id.slice(0, 4)}…${id.slice(-2)}`
}

/** `0:48`, `1:02:09` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const h = Math.floor(whole / 3600)
  const m = Math.floor((whole % 3600) / 60)
  const s = String(whole % 60).padStart(2, '0')
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`
}

/** `2026-11-21 04:24:29 UTC`, from unix seconds. */
export function utc(timeS: number): string {
  return `${new Date(timeS * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

type Rows = readonly (readonly string[])[]

const GAP = '  '
/** Of a column that is cut. */
const LEAST_WIDTH = 4
const WHOLE = Number.POSITIVE_INFINITY
const NUMBER = /^[\d.,]+( \S+)?$/
const isFigure = (cell: string): boolean => NUMBER.test(cell) || /^(-|\d+(:\d\d)+)?$/.test(cell)

/**
 * A plain table: columns padded to their widest cell, numbers (cells of only digits and signs) to the right. Where it is
 * wider than the terminal (`columns`; 0: nobody knows) the longest columns of words are cut: half a number is a lie.
 */
export function table(head: readonly string[], rows: Rows, columns = 0): readonly string[] {
  const all = [head, ...rows]
  const least = head.map((_, column) => (rows.every((row) => isFigure(row[column] ?? '')) ? WHOLE : LEAST_WIDTH))
  const widths = fit(naturalWidths(all), least, columns)
  return all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        const shown = clip(cell, width, '…')
        const blanks = ' '.repeat(Math.max(0, width - widthOf(shown)))
        return NUMBER.test(cell) ? blanks + shown : shown + blanks
      })
      .join(GAP)
      .trimEnd(),
  )
}

/** Cells that a table takes where nothing is cut. */
export function tableWidth(head: readonly string[], rows: Rows): number {
  return total(naturalWidths([head, ...rows]))
}

function naturalWidths(rows: Rows): number[] {
  const count = rows[0]?.length ?? 0
  return Array.from({ length: count }, (_, column) =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), 0),
  )
}

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1)

/** Takes from the longest column until the row fits or nothing is left to take. */
function fit(widths: number[], least: readonly number[], columns: number): readonly number[] {
  for (let over = columns > 0 ? total(widths) - columns : 0; over > 0; over--) {
    const room = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0))
    const most = Math.max(...room)
    if (most === 0) break
    widths[room.indexOf(most)] = most - 1
  }
  return widths
}

/** One line of somebody else's text for a shell, without what a terminal could take for an order. */
export function printable(text: string): string {
  return text.replace(/\t/g, '  ').replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '▯')
}

export function plural(count: number, word: string, many = `${word}s`): string {
  return `${count} ${count === 1 ? word : many}`
}

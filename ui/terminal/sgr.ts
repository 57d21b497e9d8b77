/**
 * The style of a cell as the SGR codes that make it from plain: `1;36`. Invariant: the same look is the same string, however
 * a text came to it (ECMA-48 8.3.117).
 */

/** What switches each slot on; the slots in the order in which they are written. */
const SLOTS = ['bold', 'dim', 'italic', 'underline', 'inverse', 'struck', 'foreground', 'background'] as const
type Slot = (typeof SLOTS)[number]

const ON: ReadonlyMap<number, Slot> = new Map([
  [1, 'bold'],
  [2, 'dim'],
  [3, 'italic'],
  [4, 'underline'],
  [7, 'inverse'],
  [9, 'struck'],
])
const OFF: ReadonlyMap<number, readonly Slot[]> = new Map<number, readonly Slot[]>([
  [0, SLOTS],
  [22, ['bold', 'dim']],
  [23, ['italic']],
  [24, ['underline']],
  [27, ['inverse']],
  [29, ['struck']],
  [39, ['foreground']],
  [49, ['background']],
])

/** Codes between two of these are one colour of the many (`38;5;n`); the console has none, libraries may. */
const RICH: ReadonlySet<number> = new Set([38, 48])
const RICH_CODES: ReadonlyMap<string, number> = new Map([
  ['5', 3],
  ['2', 5],
])

/** The style of text that stands behind this SGR sequence, given the style before it. */
export function styleAfter(style: string, parameters: string): string {
  const slots = new Map<Slot, string>(codesOf(style).map((code) => [slotOf(code), code]))
  for (const code of codesOf(parameters === '' ? '0' : parameters)) {
    const off = OFF.get(Number(code))
    if (off !== undefined) for (const slot of off) slots.delete(slot)
    else slots.set(slotOf(code), code)
  }
  return SLOTS.flatMap((slot) => slots.get(slot) ?? []).join(';')
}

/** The same for a blank, of which only this is seen. */
export function stylesSpace(style: string): string {
  if (style === '') return style
  const seen: readonly Slot[] = ['underline', 'inverse', 'struck', 'background']
  const codes = codesOf(style)
  return codes.some((code) => seen.includes(slotOf(code))) ? style : ''
}

function codesOf(parameters: string): readonly string[] {
  if (parameters === '') return []
  const numbers = parameters.split(';')
  const codes: string[] = []
  for (let at = 0; at < numbers.length; ) {
    const length = RICH.has(Number(numbers[at])) ? (RICH_CODES.get(numbers[at + 1] ?? '') ?? 1) : 1
    codes.push(numbers.slice(at, at + length).join(';'))
    at += length
  }
  return codes
}

function slotOf(code: string): Slot {
  const number = Number(code.split(';')[0])
  const slot = ON.get(number)
  if (slot !== undefined) return slot
  return (number >= 40 && number <= 49) || number >= 100 ? 'background' : 'foreground'
}

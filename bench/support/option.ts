/** Numbers given on a bench's command line. */
import assert from 'node:assert'

export function option(name: string, otherwise: number): number {
  const place = process.argv.indexOf(name)
  const value = place < 0 ? otherwise : Number(process.argv[place + 1])
  assert(Number.isSafeInteger(value) && value > 0, `${name} needs a whole number`)
  return value
}

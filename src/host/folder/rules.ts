/** What of the folder stays here: `.p2pignore` at its top, in the language of .gitignore (gitignore(5)). */
import ignore from 'ignore'
import type { FolderPath } from '../../folder-disk.js'
import { readSmallFile } from '../small-file.js'
import type { Root } from './root.js'

export const RULES_FILE = '.p2pignore'
const MAX_RULES_BYTES = 64 * 1024
/**
 * A rule is tried on a path and on each directory above it, and every `**` between two of its parts on each of these again.
 * Anybody may write the file, so what all its rules cost together is bounded.
 */
const MAX_COST = 2_000
const COST_OF_STARS = [1, 20, 400]
const COMMENT = /^(#|\s*$)/

export class Rules {
  #text = ''
  #matcher = ignore()

  /** Reads the rules anew; whether they are others now. Throws where they are there but cannot be read: then the old ones stay. */
  load(root: Root): boolean {
    const text = root.only === null ? read(root) : ''
    if (text === this.#text) return false
    this.#text = text
    this.#matcher = ignore().add(text)
    return true
  }

  /** Also of what stands in an ignored directory. */
  ignores(path: FolderPath, isDirectory: boolean): boolean {
    return this.#text !== '' && path !== RULES_FILE && this.#matcher.ignores(isDirectory ? `${path}/` : path)
  }
}

function read(root: Root): string {
  const found = root.look(RULES_FILE)
  if (found.kind === 'nothing') return ''
  if (found.kind !== 'file')
    throw new Error(`${RULES_FILE} is ${found.kind === 'blocked' ? found.reason : 'a directory'}`)
  if (found.size > MAX_RULES_BYTES) throw new Error(`${RULES_FILE} is larger than ${MAX_RULES_BYTES} bytes`)
  const text = readSmallFile(root.absolute(RULES_FILE), MAX_RULES_BYTES)
  const fault = faultOf(text)
  if (fault !== null) throw new Error(`${RULES_FILE} ${fault}`)
  return text
}

/** What is too much of these rules, in words for people; null where nothing is. */
function faultOf(text: string): string | null {
  const rules = text.split(/\r?\n/).filter((line) => !COMMENT.test(line))
  const costs = rules.map((rule) => COST_OF_STARS[rule.match(/\*\*+(?!$|\/$)/g)?.length ?? 0] ?? null)
  if (costs.includes(null)) return 'has a rule with more than two **'
  const cost = costs.reduce((sum: number, cost) => sum + (cost ?? 0), 0)
  return cost > MAX_COST ? 'has too many rules, or too many with **' : null
}

/** What of the folder stays here: `.p2pignore` at its top, in the language of .gitignore (gitignore(5)). */
import { readFileSync } from 'node:fs'
import ignore from 'ignore'
import type { FolderPath } from '../../folder-disk.js'
import type { Root } from './root.js'

export const RULES_FILE = '.p2pignore'
const MAX_RULES_BYTES = 1 << 20

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
  return readFileSync(root.absolute(RULES_FILE), 'utf8')
}

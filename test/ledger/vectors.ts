/** Published test vectors, which lie beside the repository: `../shared/vectors`, or the folder in P2P_VECTORS. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Callback, Test } from 'uvu'

const folder = process.env.P2P_VECTORS ?? join(process.cwd(), '..', 'shared', 'vectors')

/** Adds a test over a file of vectors, skipped in plain sight where the file is absent. */
export function vectorTest<T>(test: Test, name: string, file: string, run: (vectors: T) => void): void {
  const path = join(folder, file)
  if (existsSync(path)) test(name, (() => run(JSON.parse(readFileSync(path, 'utf8')) as T)) satisfies Callback)
  else {
    console.log(`skipped, no ${path}: ${name}`)
    test.skip(name)
  }
}

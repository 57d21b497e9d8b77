/** The lint rules that keep the core sans-I/O and the arrows one-way: each planted violation must be found. */
import assert from 'node:assert'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'

const test = suite('lint')
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const BIOME = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')

/** What the linter says of one file at this place in a copy of the project. */
function lint(path: string, code: string): { readonly found: boolean; readonly text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-lint-'))
  try {
    for (const name of ['biome.json', '.ci/core.grit'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), code)
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIOME, 'lint', path], {
      cwd: folder,
      encoding: 'utf8',
    })
    return { found: status !== 0, text: stdout + stderr }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const VIOLATIONS: readonly (readonly [string, string, RegExp])[] = [
  ['a clock', 'export const a = (): number => Date.now()\n', /env\.wallTime/],
  ['a timer', 'export const a = (): unknown => setTimeout(() => {}, 1)\n', /env\.after/],
  ['randomness', 'export const a = (): number => Math.random()\n', /env\.random/],
  ['a file', "import { readFileSync } from 'node:fs'\n\nexport const a = readFileSync\n", /only through Env/],
  ['a socket', "import { connect } from 'node:net'\n\nexport const a = connect\n", /only through Env/],
  ['the process', 'export const a = (): unknown => process.env\n', /only through Env/],
  ['an await', 'export async function a(b: Promise<number>): Promise<number> {\n  return await b\n}\n', /no await/],
  ['the host', "import { x } from '../host/env.js'\n\nexport const a = x\n", /arrows run one way/],
  ['the console', "import { x } from '../../ui/look.js'\n\nexport const a = x\n", /arrows run one way/],
]

for (const folder of ['ring', 'ledger', 'membership', 'swarm', 'folder']) {
  test(`src/${folder} may not reach for ${folder === 'ring' ? 'the world' : 'a clock'} past its Env`, () => {
    const cases = folder === 'ring' ? VIOLATIONS : VIOLATIONS.slice(0, 1)
    for (const [what, code, words] of cases) {
      const { found, text } = lint(`src/${folder}/planted.ts`, code)
      assert.ok(found, `${what} was not found`)
      assert.match(text, words)
    }
  })
}

test('the host may do all of that', () => {
  for (const [what, code] of VIOLATIONS.slice(0, 6)) {
    const { found, text } = lint('src/host/planted.ts', code)
    assert.ok(!found, `${what}: ${text}`)
  }
})

test.run()

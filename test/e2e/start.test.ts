/** `npm start` on a fresh copy of the sources: installs, builds and runs, also when two terminals do it at once. */
import assert from 'node:assert'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import { VERSION } from '../../src/cli/version.js'

const test = suite('start')
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const DEADLINE_MS = 240_000

function start(folder: string): Promise<{ exit: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['.ci/start.mjs', '--version'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString()
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`npm start: no end in ${DEADLINE_MS} ms\n${stderr}`))
    }, DEADLINE_MS)
    child.on('close', (exit) => {
      clearTimeout(timer)
      resolve({ exit, stdout, stderr })
    })
  })
}

test('two terminals that start at once on a fresh clone both get the program, and it is installed and built once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-start-'))
  try {
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', '.ci', 'src', 'wire', 'ui'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true })
    const both = await Promise.all([start(folder), start(folder)])
    for (const one of both) {
      assert.strictEqual(one.exit, 0, one.stderr)
      assert.strictEqual(one.stdout, `${VERSION}\n`)
    }
    const said = both.map((one) => one.stderr).join('')
    assert.strictEqual(said.split('installing packages').length - 1, 1, said)
    assert.strictEqual(said.split('building').length - 1, 1, said)
    const third = await start(folder)
    assert.deepStrictEqual([third.exit, third.stderr], [0, ''], 'nothing to do the next time')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()

/** The demo plays the whole journey on real screens in tmux. */
import assert from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'

const test = suite('demo')
const DEMO = fileURLToPath(new URL('../../../../demo.sh', import.meta.url))
const DEADLINE_MS = 280_000

if (spawnSync('tmux', ['-V']).status !== 0) {
  console.log('skipped: no tmux here')
  test.skip('demo.sh --check plays the journey', () => {})
} else {
  test('demo.sh --check plays the journey and leaves nothing behind', async () => {
    const child = spawn('bash', [DEMO, '--check', '4'], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString()
    })
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString()
    })
    const exit = await new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGTERM'), DEADLINE_MS)
      child.on('close', (code) => {
        clearTimeout(timer)
        resolve(code)
      })
    })
    assert.strictEqual(exit, 0, said)
    assert.match(said, /ok: an edit of blockchain.txt in one folder is in all of them/)
    assert.match(said, /ok: all left politely/)
    const left = spawnSync('pgrep', ['-f', 'p2p-demo\\.'], { encoding: 'utf8' }).stdout
    assert.strictEqual(left, '', 'no process is left')
  })
}

test('a wrong number of consoles is a usage error', () => {
  const ended = spawnSync('bash', [DEMO, 'many'], { encoding: 'utf8' })
  assert.strictEqual(ended.status, 2)
  assert.match(ended.stderr, /not a number of consoles/)
})

test.run()

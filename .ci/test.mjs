// Runs every test/**/*.test.ts in a process of its own, two at a time; ends with "N passed, N failed".
// usage: npm test [-- words that the path must contain]
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const FILE_DEADLINE_MS = 300_000
/** For helpers of tools that end when they notice that their parent is gone. */
const GRACE_MS = 3_000
const root = new URL('..', import.meta.url).pathname
process.chdir(root)

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
if (!process.argv.includes('--no-build')) {
  // parts that start no program of ours need no bundle
  const needsBundle = words.length === 0 || !/^(wire|ledger|ring|swarm|folder|membership|host|sim|cli)\b/.test(words[0])
  const { status } = spawnSync(process.execPath, ['.ci/build.mjs', needsBundle ? '--tests' : '--tree'], {
    stdio: 'inherit',
  })
  if (status !== 0) {
    console.log('0 passed, 1 failed')
    process.exit(1)
  }
}

const files = readdirSync('dist/tree/test', { recursive: true })
  .filter((name) => name.endsWith('.test.js') && words.every((word) => name.includes(word)))
  .map((name) => join('dist/tree/test', name))
  .sort((a, b) => weight(b) - weight(a) || a.localeCompare(b))

/** Long ones first, so that both cores stay busy to the end. */
function weight(file) {
  return (/test\/(e2e|sim)\//.test(file) ? 1e9 : 0) + statSync(file).size
}

let passed = 0
let failed = 0
const queue = [...files]

function run(file) {
  return new Promise((resolve) => {
    const started = Date.now()
    // a group of its own, so that whatever a broken test leaves behind can be ended with it
    const child = spawn(process.execPath, ['--enable-source-maps', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stderr.on('data', (data) => {
      output += data
    })
    const timer = setTimeout(() => {
      output += `\n${file}: no end after ${FILE_DEADLINE_MS / 1000} s, killed\n`
      process.kill(-child.pid, 'SIGKILL')
    }, FILE_DEADLINE_MS)
    child.on('close', async (code) => {
      clearTimeout(timer)
      const total = Number(/Total:\s+(\d+)/.exec(output)?.[1] ?? 0)
      const good = Number(/Passed:\s+(\d+)/.exec(output)?.[1] ?? 0)
      const skipped = Number(/Skipped:\s+(\d+)/.exec(output)?.[1] ?? 0)
      const bad = Math.max(total - good - skipped, code === 0 && total > 0 ? 0 : 1)
      passed += good
      failed += bad
      const seconds = ((Date.now() - started) / 1000).toFixed(1)
      console.log(`${bad === 0 ? 'ok  ' : 'FAIL'} ${file.slice('dist/tree/'.length)}  ${good}/${total}  ${seconds} s`)
      if (bad > 0) console.log(output)
      if (await outlives(child.pid)) {
        process.kill(-child.pid, 'SIGKILL')
        failed++
        console.log(`FAIL ${file} left a process behind`)
      }
      resolve()
    })
  })
}

/** Whether anything of the group is there still, a moment after its leader ended. */
async function outlives(group) {
  for (const end = Date.now() + GRACE_MS; ; await pause(50)) {
    try {
      process.kill(-group, 0)
    } catch (error) {
      if (error.code === 'ESRCH') return false
      throw error
    }
    if (Date.now() > end) return true
  }
}

async function lane() {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) await run(file)
}

// most files wait more than they compute
await Promise.all(Array.from({ length: Math.max(2, Math.ceil(1.5 * availableParallelism())) }, lane))
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

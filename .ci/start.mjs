// npm start: on a fresh clone installs and builds, later only what changed, then opens the console.
// Several terminals may do this at once: one works, the others wait for it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const root = new URL('..', import.meta.url).pathname
const lock = join(root, '.start.lock')
const installedStamp = join(root, 'node_modules', '.p2p-tui-lock')
const builtStamp = join(root, 'dist', '.p2p-tui-sources')
const WAIT_MS = 300_000

const digest = (parts) =>
  parts.reduce((hash, part) => hash.update(part).update('\0'), createHash('sha256')).digest('hex')
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

function lockHash() {
  return digest([readFileSync(join(root, 'package-lock.json')), process.version])
}

function sourceHash() {
  const files = ['wire', 'src', 'ui', '.ci'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name)),
  )
  return digest([lockHash(), ...files.sort().map((file) => `${file} ${statSync(file).mtimeMs} ${statSync(file).size}`)])
}

const ready = () => read(installedStamp) === lockHash() && read(builtStamp) === sourceHash()

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function take() {
  try {
    mkdirSync(lock)
    writeFileSync(join(lock, 'pid'), String(process.pid))
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    const owner = Number(read(join(lock, 'pid')))
    const age = existsSync(lock) ? Date.now() - statSync(lock).mtimeMs : 0
    if (owner > 0 ? !alive(owner) : age > 10_000) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

function run(what, command, args) {
  process.stderr.write(`p2p-tui: ${what} …\n`)
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (error) throw error
  if (status !== 0) {
    process.stderr.write(`p2p-tui: ${what} failed (exit ${status}); the lines above say why\n`)
    rmSync(lock, { recursive: true, force: true })
    process.exit(1)
  }
}

async function prepare() {
  const until = Date.now() + WAIT_MS
  let said = false
  while (!take()) {
    if (!said) process.stderr.write('p2p-tui: another terminal prepares the program; waiting for it …\n')
    said = true
    if (Date.now() > until)
      throw new Error(`still locked after ${WAIT_MS / 1000} s: remove ${lock} if nobody works there`)
    await pause(200)
  }
  try {
    if (read(installedStamp) !== lockHash()) {
      run('installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
      writeFileSync(installedStamp, lockHash())
    }
    if (read(builtStamp) !== sourceHash()) {
      run('building', process.execPath, [join(root, '.ci', 'build.mjs')])
      writeFileSync(builtStamp, sourceHash())
    }
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

if (!ready()) await prepare()
await import('../dist/p2p-tui.cjs')

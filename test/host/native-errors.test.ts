import * as assert from 'node:assert'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawn } from '@lydell/node-pty'
import { test } from 'uvu'
import { called, runChild, temporary } from './support.js'

test('on a terminal, what native code prints goes to a file and the program still reaches the terminal', async () => {
  const file = join(temporary(), 'native.log')
  const script = new URL('./children/divert.js', import.meta.url).pathname
  const terminal = spawn(process.execPath, [script, file], { cols: 80, rows: 24 })
  let screen = ''
  terminal.onData((text) => {
    screen += text
  })
  await called<object>('the program to end', (done) => terminal.onExit(done))
  assert.equal(screen.trim(), 'from the program')
  assert.equal(readFileSync(file, 'utf8'), 'from native code\n')
})

test('where standard error is a pipe or a file, nothing is diverted', async () => {
  const file = join(temporary(), 'native.log')
  const child = runChild('divert', [file])
  await child.ended
  assert.equal(child.errors(), 'from native code\nfrom the program\n')
  assert.ok(!existsSync(file))
})

test.run()

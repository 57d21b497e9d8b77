/** Entry of the processes that an anchor's tasks run in: which core, and how it answers commands. */
import { assertNever } from '../../wire/errors.js'
import { Admission } from '../anchor/admission.js'
import { Files } from '../anchor/files.js'
import { Manifests } from '../anchor/manifests.js'
import type { TaskOptions } from '../anchor/options.js'
import type { Begin } from '../anchor/process/messages.js'
import { runTask } from '../anchor/process/run-task.js'
import type { TaskCore, TaskHooks } from '../anchor/task.js'
import type { Env } from '../env.js'
import { hostOfTask } from './command-host.js'
import { answer } from './serve.js'

function coreOf(begin: Begin, env: Env, hooks: TaskHooks): TaskCore {
  const { task } = begin
  const options: TaskOptions = begin
  switch (task) {
    case 'admission':
      return new Admission(env, options, hooks)
    case 'manifests':
      return new Manifests(env, options, hooks)
    case 'files':
      return new Files(env, options, hooks)
    default:
      return assertNever(task)
  }
}

runTask({ core: coreOf, answer: (face, call) => answer(hostOfTask(face), call) })

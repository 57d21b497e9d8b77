// Stands for node:child_process in the entry: hardly a command starts a process, and loading it costs each of them.
const load = () => process.getBuiltinModule('node:child_process')

exports.spawn = (...given) => load().spawn(...given)
exports.execFileSync = (...given) => load().execFileSync(...given)

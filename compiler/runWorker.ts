/**
 * Entry of every process that runs models or helps to: one request of the editor over Node IPC; `wasm …`: a WebAssembly
 * module as the native program would be run; `oracle`: ONNX Runtime. No logic.
 */
import { serveOracle } from './run/oracle/oracleProcess.ts';
import { serveRunRequest } from './run/serveRunRequest.ts';
import { isWasmThread, runWasmThread, startWasmProcess } from './run/wasm/wasmProcess.ts';

const [, script, mode, ...args] = process.argv;

if (isWasmThread()) runWasmThread();
else if (mode === 'wasm') startWasmProcess(args, script!);
else if (mode === 'oracle') serveOracle();
else serveRunRequest(script!);

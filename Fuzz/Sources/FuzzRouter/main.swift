internal import CLibFuzzer
internal import Fuzzing
internal import Glibc

/// Says it at once: the next event may end the program.
func say(_ sentence: String) {
    let line = Array("\(sentence)\n".utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}

/// Gives the bytes to a router; a sentence that says what is wrong ends the program.
///
/// With TRACE in the environment it says what happens, for whoever looks for the reason.
func check(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    let trace = unsafe getenv("TRACE") == nil ? nil : say
    if let failure = RouterProgram.failure(of: input, trace: trace) { fatalError(failure) }
    return 0
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, check))

internal import CLibFuzzer
internal import Fuzzing
internal import Glibc

/// Gives the bytes to the codec; a sentence that says what is wrong ends the program.
func check(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A copy of its own, so that a read beyond its end is seen.
    let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
    if let failure = CodecCheck.failure(of: input) { fatalError(failure) }
    return 0
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, check))

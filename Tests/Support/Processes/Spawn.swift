import Glibc
import Synchronization

/// A program cannot be started.
package struct SpawnError: Error, CustomStringConvertible {
    /// What was to be started.
    package let program: String
    /// Such as `ENOENT`.
    package let code: Int32

    package var description: String {
        unsafe "\(program) cannot be started: \(String(cString: strerror(code)))"
    }
}

/// `posix_spawn` with pipes for what the process says.
enum Spawn {
    /// A process and the read ends of its pipes.
    struct Spawned {
        let processID: pid_t
        let output: Int32
        let log: Int32
    }

    /// Starts a process in a process group of its own, with an empty standard input and no signal
    /// blocked; it gets SIGKILL when the calling thread ends.
    ///
    /// - Parameters:
    ///   - command: The path of the program, then its arguments.
    ///   - environment: All its variables.
    ///   - directory: Where it runs.
    /// - Returns: The process.
    /// - Throws: ``SpawnError`` when it cannot be started.
    static func start(
        _ command: [String],
        environment: [String: String],
        directory: String
    ) throws(SpawnError) -> Spawned {
        let command =
            ["/usr/bin/env", "-C", directory, "setpriv", "--pdeathsig", "KILL"] + command
        // One at a time: a process must not inherit another one's pipes.
        return try lock.withLock { _ throws(SpawnError) in
            try start(command, environment: environment)
        }
    }

    private static let lock = Mutex(())

    private static func start(
        _ command: [String],
        environment: [String: String]
    ) throws(SpawnError) -> Spawned {
        let output = try pipe(for: command[0])
        let log = try pipe(for: command[0])
        defer {
            close(output.write)
            close(log.write)
        }

        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, log.write, 2)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var processID: pid_t = 0
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let code = unsafe withCStrings(command) { arguments in
            unsafe withCStrings(variables) { variables in
                unsafe posix_spawn(
                    &processID,
                    command[0],
                    &actions,
                    &attributes,
                    arguments,
                    variables
                )
            }
        }
        guard code == 0 else {
            close(output.read)
            close(log.read)
            throw SpawnError(program: command[0], code: code)
        }
        return Spawned(processID: processID, output: output.read, log: log.read)
    }

    /// A pipe that only the process to be started inherits.
    private static func pipe(for program: String) throws(SpawnError) -> (read: Int32, write: Int32)
    {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else {
            throw SpawnError(program: program, code: errno)
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Lends a null-terminated array of C strings.
    private static func withCStrings<Value>(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
            // Not empty: it has the null at its end.
            guard let base = buffer.baseAddress else { fatalError("an array without a buffer") }
            return unsafe body(base)
        }
    }
}

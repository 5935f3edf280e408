// swift-tools-version: 6.2
import PackageDescription

// A package of its own, as all of its code is built with instruments that nothing else needs. What
// it fuzzes are links into the main package, since `package` reaches no further than one package.

let instruments = ["-sanitize=fuzzer,address"]

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .unsafeFlags(instruments),
]

/// A program: libFuzzer around one of the checks in `Fuzzing`.
func fuzzer(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["Fuzzing", "CLibFuzzer"],
        swiftSettings: strict,
        linkerSettings: [.unsafeFlags(instruments + ["-use-ld=lld"])]
    )
}

let package = Package(
    name: "zoetrope-fuzz",
    targets: [
        fuzzer("FuzzCodec"),
        fuzzer("FuzzRouter"),
        .target(name: "Fuzzing", dependencies: ["Routing", "Wire"], swiftSettings: strict),
        .target(name: "Routing", dependencies: ["Wire"], swiftSettings: strict),
        .target(
            name: "Wire",
            dependencies: ["CXXHash"],
            swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]
        ),
        .systemLibrary(name: "CXXHash", providers: [.apt(["libxxhash-dev"])]),
        .systemLibrary(name: "CLibFuzzer"),
    ],
    swiftLanguageModes: [.v6]
)

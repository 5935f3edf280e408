private import CXXHash

/// XXH3-64 of `bytes`, with `seed`.
///
/// Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
package func xxh3(_ bytes: RawSpan, seed: UInt64 = 0) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
        unsafe XXH3_64bits_withSeed(buffer.baseAddress, buffer.count, seed)
    }
}

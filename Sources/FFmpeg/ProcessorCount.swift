import CFFmpeg

/// Processors that this process may run on. Opens no file, which a confined worker cannot.
package func processorCount() -> Int { max(1, Int(av_cpu_count())) }

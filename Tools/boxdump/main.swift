import Foundation
import ISOBMFF

/// boxdump [--entries] FILE...: prints the boxes of MP4 files, CMAF headers and segments as a tree.
/// Exit codes: 0 fine, 1 a file cannot be read, 2 the command line is wrong.
func run(_ arguments: [String]) -> Int32 {
    let options = arguments.filter { $0.hasPrefix("--") }
    let files = arguments.filter { !$0.hasPrefix("--") }
    if options.contains("--help") {
        print("usage: boxdump [--entries] FILE...\n\n--entries lists every sample of a run and every entry of a table")
        return 0
    }
    guard !files.isEmpty, options.allSatisfy({ $0 == "--entries" }) else {
        FileHandle.standardError.write(Data("usage: boxdump [--entries] FILE...\n".utf8))
        return 2
    }
    let dump = BoxDump(listsEntries: options.contains("--entries"))
    var code: Int32 = 0
    for file in files {
        do {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe))
            if files.count > 1 { print("\(file):") }
            print(dump.text(of: bytes.span), terminator: "")
        } catch {
            FileHandle.standardError.write(Data("boxdump: \(file): \(error.localizedDescription)\n".utf8))
            code = 1
        }
    }
    return code
}

exit(run(Array(CommandLine.arguments.dropFirst())))

import Dispatch
import Files
import Foundation
import Testing

@Suite(.timeLimit(.minutes(5))) struct LineOutputTests {
    /// A pipe whose ends are closed with it; the writing end never waits, as one that is shared with others may be.
    private final class Pipe {
        let reader: Int32
        let writer: Int32

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            (reader, writer) = (ends[0], ends[1])
            _ = fcntl(writer, F_SETFL, O_NONBLOCK)
        }

        deinit {
            close(reader)
            close(writer)
        }

        /// Until nobody could write any more without waiting.
        func fill() -> Int {
            var count = 0
            while case let written = write(writer, Array(repeating: UInt8(ascii: "x"), count: 4096), 4096), written > 0
            {
                count += written
            }
            return count
        }

        func read(_ count: Int) -> String {
            var all: [UInt8] = []
            while all.count < count {
                var some = [UInt8](repeating: 0, count: count - all.count)
                let taken = Foundation.read(reader, &some, some.count)
                guard taken > 0 else { break }
                all += some[..<taken]
            }
            return String(decoding: all, as: UTF8.self)
        }
    }

    private func add(_ text: String, to output: LineOutput) {
        output.add(Array("\(text)\n".utf8)) { Array("\($0) lost\n".utf8) }
    }

    @Test func whoSpeaksDoesNotWaitForWhoReads() throws {
        let pipe = try Pipe()
        let output = LineOutput(pipe.writer, maximumBytes: 40)
        let filled = pipe.fill()
        for number in 1...9 { add("line \(number) ", to: output) }  // 8 bytes each: five of them fit
        output.finish(atMost: 1)
        #expect(
            pipe.read(filled + 40) == String(repeating: "x", count: filled) + (1...5).map { "line \($0) \n" }.joined())
        // What was written counts no more once the thread has seen to it.
        output.finish(atMost: 60_000)
        add("after", to: output)
        let told = "4 lost\nafter\n"
        #expect(pipe.read(told.utf8.count) == told)
        add("and", to: output)
        #expect(pipe.read(4) == "and\n")
    }

    @Test func whatCannotBeWrittenIsCountedAndEndsNobody() throws {
        let pipe = try Pipe()
        let descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let output = LineOutput(descriptor)
        for round in 1...3 {
            add("round \(round)", to: output)
            output.finish(atMost: 60_000)
        }
        // The same descriptor, as where a disk has room again.
        #expect(dup2(pipe.writer, descriptor) == descriptor)
        add("good", to: output)
        #expect(pipe.read(12) == "3 lost\ngood\n")
        output.finish(atMost: 60_000)
        add("again", to: output)
        #expect(pipe.read(6) == "again\n")
    }

    @Test func lastWordsAreTheLast() throws {
        let pipe = try Pipe()
        let output = LineOutput(pipe.writer, maximumBytes: 10)
        add("before", to: output)
        output.end(with: Array("the last words of all\n".utf8), atMost: 60_000)
        add("late", to: output)
        output.end(atMost: 60_000)
        output.finish(atMost: 60_000)
        #expect(write(pipe.writer, [UInt8(ascii: ".")], 1) == 1)
        #expect(pipe.read(30) == "before\nthe last words of all\n.")
    }

    @Test func allOfALongTextGoesOut() throws {
        let pipe = try Pipe()
        let text = Array(repeating: UInt8(ascii: "y"), count: 1 << 20)
        let isDone = DispatchSemaphore(value: 0)
        let writer = pipe.writer
        DispatchQueue.global().async {
            #expect(LineOutput.write(text, to: writer) == text.count)
            isDone.signal()
        }
        #expect(pipe.read(text.count).utf8.count == text.count)
        isDone.wait()
        #expect(LineOutput.write([1], to: -1) == 0)
    }
}

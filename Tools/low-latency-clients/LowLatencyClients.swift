import Foundation
import Glibc

/// Players of one Low-Latency HLS playlist over connections of their own, in one thread that costs little:
/// `low-latency-clients PORT PLAYLIST COUNT SECONDS`, or `... COUNT hold`
///
/// Each asks for the playlist by a blocking reload, then for the part that it lists, then for the next playlist (RFC
/// 8216bis, clause 6.2.5). Prints one JSON line. With `hold` they wait for one part, after a line `waiting`, until
/// standard input ends: for whoever measures what that takes.
///
/// `low-latency-clients serve BEAT` is the least that an origin can be to them: `FloorServer`, at `/ll/playlist.m3u8` of the port
/// that it prints, with a part every BEAT seconds.
@main
enum LowLatencyClients {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 3, arguments[1] == "serve", let beat = Double(arguments[2]), beat > 0 {
            return serve(beat)
        }
        guard arguments.count == 5, let port = UInt16(arguments[1]), let count = Int(arguments[3]),
            arguments[4] == "hold" || Double(arguments[4]) != nil
        else {
            FileHandle.standardError.write(
                Data("usage: low-latency-clients PORT PLAYLIST COUNT SECONDS|hold, or serve BEAT\n".utf8))
            exit(2)
        }
        do {
            let crowd = try ClientCrowd(port: port, playlist: arguments[2], count: count)
            if let seconds = Double(arguments[4]) {
                try crowd.play(seconds: seconds)
                print(crowd.arrivals.json(answers: crowd.answers))
            } else {
                try crowd.gather()
                print("waiting")
                fflush(nil)
                while readLine() != nil {}
            }
        } catch {
            FileHandle.standardError.write(Data("low-latency-clients: \(error)\n".utf8))
            exit(1)
        }
    }
    private static func serve(_ beat: Double) {
        do {
            try FloorServer(port: 0, beat: beat).run(threads: 2) { port in
                print(#"{"event":"listening","port":\#(port)}"#)
                fflush(nil)
            }
        } catch {
            FileHandle.standardError.write(Data("low-latency-clients: \(error)\n".utf8))
            exit(1)
        }
    }
}

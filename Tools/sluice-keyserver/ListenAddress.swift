import ArgumentParser
import Settings

extension ListenAddress: ExpressibleByArgument {
    package init?(argument: String) { self.init(parsing: argument) }
    package var defaultValueDescription: String { description }
}

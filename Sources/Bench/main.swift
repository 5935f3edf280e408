import Service

Program.main(BenchCommand.self)

import Service

Program.main(ArchiveCommand.self)

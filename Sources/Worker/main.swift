import Service

Program.main(WorkerCommand.self)

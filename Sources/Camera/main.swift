import Service

Program.main(CameraCommand.self)

package snapshot
import ("testing";"time";"carstock/pkg/schema")
func TestZZ(t *testing.T){
 p:=t.TempDir()+"/x.db"
 f,_:=Lock(p); s,_:=f.Stage(); tb,_:=s.Begin(schema.Table{Columns: []schema.Column{schema.NewColumn("id","int")}},"a",nil); tb.Finish(false); s.Publish(false,&Run{Status:"ok"}); s.Close()
 o,_:=open(p,"_busy_timeout=1"); exec(o,"BEGIN IMMEDIATE")
 step:=func(n string, e error, st time.Time){t.Log(n,e,time.Since(st))}
 st:=time.Now(); s,e:=f.Stage(); step("stage",e,st)
 st=time.Now(); tb,e=s.Begin(schema.Table{Columns: []schema.Column{schema.NewColumn("id","int")}},"a",nil); step("begin",e,st)
 st=time.Now(); _,e=tb.Finish(false); step("finish",e,st)
 st=time.Now(); _,e=s.Publish(false,&Run{Status:"ok"}); step("publish",e,st)
 st=time.Now(); e=s.Close(); step("close",e,st)
 st=time.Now(); e=f.Record(&Run{Status:"failed"}); step("record",e,st)
}
